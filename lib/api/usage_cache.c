#include "api/usage_cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/runtime_dir.h"
#include "base/text.h"
#include "format/json.h"
#include "store/metadata.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PATH = 1024, MAX_LOGIN = 2048, MAX_BYTES = 512 * 1024 };

/* What the file is about: a login has a home, a server and a name. */
static bool cache_login(const struct home *home, const struct identity *who, char ret_login[MAX_LOGIN])
{
	return text_join(ret_login, MAX_LOGIN,
	    (const char *const[]){
	        home->folder, "\n", who->base_url, "\n", who->platform->id, "@", who->account, NULL});
}

/* False: there is no private runtime folder, or no cache is wanted. */
static bool cache_path(const char *login, bool make, char ret_path[MAX_PATH])
{
	char folder[MAX_PATH - 64];

	if (env_true("KIMI_NO_CACHE") || !runtime_folder(make, folder, sizeof(folder)))
		return false;
	snprintf(ret_path, MAX_PATH, "%s/usage-%016llx", folder, (unsigned long long)text_fingerprint(login));
	return true;
}

void usage_cache_load(struct usage_cache *ret_cache, const struct home *home, const struct identity *who)
{
	char login[MAX_LOGIN], path[MAX_PATH], why[160];
	struct buf bytes;
	struct stat st;

	*ret_cache = (struct usage_cache){0};
	if (!cache_login(home, who, login) || !cache_path(login, false, path))
		return;
	buf_init(&bytes, MAX_BYTES);
	if (file_read(path, FILE_OWN, &bytes, &st, NULL) == 0 && !(st.st_mode & 077)) {
		json_t *file = json_parse(bytes.data, bytes.len, why, sizeof(why));
		const char *of = json_text(file, "login");
		if (of && strcmp(of, login) == 0) {
			json_number(file, "fetched_at", &ret_cache->fetched_at);
			json_number(file, "waits_since", &ret_cache->waits_since);
			json_number(file, "waits_until", &ret_cache->waits_until);
			ret_cache->answer = json_incref(json_object_get(file, "answer"));
		}
		json_decref(file);
	}
	buf_release(&bytes);
}

/* The parts that usage.h reads: what else the server says of a person is not kept. */
static json_t *cache_prune(const json_t *answer)
{
	static const char *const kept[] = {
	    "usage", "limits", "usages", "boosterWallet", "parallel", "subType", "code", "data"};
	json_t *membership = json_object_get(json_object_get(answer, "user"), "membership");
	json_t *pruned = json_object();

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (json_object_get(answer, kept[i]))
			json_object_set(pruned, kept[i], json_object_get(answer, kept[i]));
	if (membership)
		json_object_set_new(pruned, "user", json_pack("{s:O}", "membership", membership));
	return pruned;
}

void usage_cache_save(const struct usage_cache *cache, const struct home *home, const struct identity *who)
{
	char login[MAX_LOGIN], path[MAX_PATH];

	if (!cache_login(home, who, login) || !cache_path(login, true, path))
		return;
	json_t *file = json_pack("{s:s, s:f, s:f, s:f}", "login", login, "fetched_at", cache->fetched_at,
	    "waits_since", cache->waits_since, "waits_until", cache->waits_until);
	if (cache->answer)
		json_object_set_new(file, "answer", cache_prune(cache->answer));
	char *text = json_print(file);
	newfile_sweep(path); /* a writer at work loses its copy, which is no failure */
	if (text && strlen(text) <= MAX_BYTES)
		file_replace(path, 0600, text, strlen(text), NULL);
	wipe_str(text);
	json_decref(file);
}

void usage_cache_drop(const struct home *home, const struct identity *who)
{
	char login[MAX_LOGIN], path[MAX_PATH];

	if (!cache_login(home, who, login) || !cache_path(login, false, path))
		return;
	newfile_sweep(path);
	unlink(path);
}

double usage_cache_age(const struct usage_cache *cache)
{
	double age = clock_now() - cache->fetched_at;

	if (!cache->answer || age < -1)
		return INFINITY;
	return age > 0 ? age : 0;
}

void usage_cache_wait(struct usage_cache *cache, double seconds)
{
	struct state wait = {0};

	state_wait(&wait, seconds, clock_now());
	cache->waits_since = wait.waits_since;
	cache->waits_until = wait.waits_until;
}

double usage_cache_wait_left(const struct usage_cache *cache)
{
	const struct state wait = {.waits_since = cache->waits_since, .waits_until = cache->waits_until};

	return state_wait_left(&wait, clock_now());
}

bool usage_cache_read(
    const struct usage_cache *cache, const struct platform *platform, struct usage *ret_usage)
{
	char why[160];

	ret_usage->fetched_at = cache->fetched_at;
	return cache->answer && usage_from_answer(platform, cache->answer, ret_usage, why, sizeof(why)) == 0;
}

bool usage_cache_look(
    const struct home *home, const struct identity *who, double max_age, struct usage *ret_usage)
{
	struct usage_cache cache;

	usage_cache_load(&cache, home, who);
	bool is_young = usage_cache_age(&cache) <= max_age;
	bool found = is_young && usage_cache_read(&cache, who->platform, ret_usage);
	usage_cache_clear(&cache);
	return found;
}

void usage_cache_clear(struct usage_cache *cache)
{
	json_decref(cache->answer);
	*cache = (struct usage_cache){0};
}
