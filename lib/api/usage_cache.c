#include "api/usage_cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/runtime_dir.h"
#include "base/state_dir.h"
#include "base/text.h"
#include "format/json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 1024, MAX_DIRECTORY = 960, MAX_LOGIN = 2048, MAX_BYTES = 512 * 1024, FAILURE_S = 60 };

/*
 * Identifies the login that a file is about: its home, server and name. A relative home is
 * another one in each directory.
 */
static bool cache_login(const struct account *account, char ret_login[MAX_LOGIN])
{
	const char *home = account->home->directory;
	char real[PATH_MAX];

	if (*home != '/' && realpath(home, real))
		home = real;
	return text_join(ret_login, MAX_LOGIN,
	    (const char *const[]){
	        home, "\n", account->base_url, "\n", account->platform->id, "@", account->name, NULL});
}

/* Without a session (cron, containers) the cache is in the state directory: it has no secret. */
static bool cache_state_directory(const struct home *home, bool make, char *ret_directory, size_t size)
{
	struct stat st;

	if (!state_dir_path(ret_directory, size))
		return false;
	if (make && (home_check_writable(home, NULL) < 0 || dir_make(ret_directory, NULL) < 0))
		return false;
	return lstat(ret_directory, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static bool cache_path_in(const char *directory, const char *login, char ret_path[MAX_PATH])
{
	char name[32];

	snprintf(name, sizeof(name), "/usage-%016llx", (unsigned long long)text_fingerprint(login));
	return text_join(ret_path, MAX_PATH, (const char *const[]){directory, name, NULL});
}

/* Returns false if there is no directory for it, or the cache is turned off. */
static bool cache_path(const struct home *home, const char *login, bool make, char ret_path[MAX_PATH])
{
	char directory[MAX_DIRECTORY];

	if (env_true("KIMI_NO_CACHE"))
		return false;
	if (!runtime_dir(make, directory, sizeof(directory)) &&
	    !cache_state_directory(home, make, directory, sizeof(directory)))
		return false;
	return cache_path_in(directory, login, ret_path);
}

void usage_cache_load(struct usage_cache *ret_cache, const struct account *account)
{
	char login[MAX_LOGIN], path[MAX_PATH];
	struct buf bytes;
	struct stat st;

	*ret_cache = (struct usage_cache){0};
	if (!cache_login(account, login) || !cache_path(account->home, login, false, path))
		return;
	buf_init(&bytes, MAX_BYTES);
	if (file_read(path, FILE_OWN, &bytes, &st, NULL) == 0 && !(st.st_mode & 077)) {
		json_t *file = json_parse(bytes.data, bytes.len, NULL);
		const char *of = json_text(file, "login");
		if (of && strcmp(of, login) == 0) {
			json_number(file, "fetched_at", &ret_cache->fetched_at);
			json_number(file, "failed_at", &ret_cache->failed_at);
			json_number(file, "waits_since", &ret_cache->wait.since);
			json_number(file, "waits_until", &ret_cache->wait.until);
			ret_cache->response = json_incref(json_object_get(file, "answer"));
		}
		json_decref(file);
	}
	buf_release(&bytes);
}

/* Keeps only the parts that usage.h reads, and no other personal data. */
static json_t *cache_prune(const json_t *response)
{
	static const char *const kept[] = {
	    "usage", "limits", "usages", "boosterWallet", "parallel", "subType", "code", "data"};
	json_t *membership = json_object_get(json_object_get(response, "user"), "membership");
	json_t *pruned = json_object();

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (json_object_get(response, kept[i]))
			json_object_set(pruned, kept[i], json_object_get(response, kept[i]));
	if (membership)
		json_object_set_new(pruned, "user", json_pack("{s:O}", "membership", membership));
	return pruned;
}

void usage_cache_save(const struct usage_cache *cache, const struct account *account)
{
	char login[MAX_LOGIN], path[MAX_PATH];

	if (!cache_login(account, login) || !cache_path(account->home, login, true, path))
		return;
	json_t *file = json_pack("{s:s, s:f, s:f, s:f, s:f}", "login", login, "fetched_at", cache->fetched_at,
	    "failed_at", cache->failed_at, "waits_since", cache->wait.since, "waits_until",
	    cache->wait.until);
	if (cache->response)
		json_object_set_new(file, "answer", cache_prune(cache->response));
	char *text = json_print(file);
	newfile_sweep(path); /* a concurrent writer may lose its copy, which is harmless */
	if (text && strlen(text) <= MAX_BYTES)
		newfile_replace(path, text, strlen(text), NULL);
	wipe_str(text);
	json_decref(file);
}

void usage_cache_drop(const struct account *account)
{
	char login[MAX_LOGIN], directories[2][MAX_DIRECTORY], path[MAX_PATH];

	if (!cache_login(account, login))
		return;
	/* Drop both copies: with and without a session. */
	const bool is_there[] = {runtime_dir(false, directories[0], MAX_DIRECTORY),
	    cache_state_directory(account->home, false, directories[1], MAX_DIRECTORY)};
	for (size_t i = 0; i < 2; i++) {
		if (!is_there[i] || !cache_path_in(directories[i], login, path))
			continue;
		newfile_sweep(path);
		unlink(path);
	}
}

double usage_cache_age(const struct usage_cache *cache)
{
	double age = clock_now() - cache->fetched_at;

	if (!cache->response || age < -1)
		return INFINITY;
	return fmax(age, 0);
}

double usage_cache_failure_left(const struct usage_cache *cache, double max_age)
{
	double age = clock_now() - cache->failed_at;

	if (age < 0)
		return 0;
	return fmax(fmin(max_age, FAILURE_S) - age, 0);
}

bool usage_cache_read(
    const struct usage_cache *cache, const struct platform *platform, struct usage *ret_usage)
{
	ret_usage->fetched_at = cache->fetched_at;
	return cache->response && usage_from_response(platform, cache->response, ret_usage, NULL) == 0;
}

bool usage_cache_look(const struct account *account, double max_age, struct usage *ret_usage)
{
	struct usage_cache cache;

	usage_cache_load(&cache, account);
	bool is_young = usage_cache_age(&cache) <= max_age;
	bool found = is_young && usage_cache_read(&cache, account->platform, ret_usage);
	usage_cache_clear(&cache);
	return found;
}

void usage_cache_clear(struct usage_cache *cache)
{
	json_decref(cache->response);
	*cache = (struct usage_cache){0};
}
