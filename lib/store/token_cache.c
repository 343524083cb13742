#include "store/token_cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/runtime_dir.h"
#include "base/text.h"
#include "format/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 1024, MAX_LINE = 640, MAX_BYTES = 256 * 1024 };

static const double believed_for = 60; /* seconds */

/* Of a helper that is not ours nothing shows when another login took the place of this one. */
static bool is_off(void)
{
	return env_true("KIMI_NO_CACHE") || env_true("KIMI_DISABLE_KEYRING") ||
	       env_get("KIMI_CREDENTIAL_HELPER");
}

/* The file of an item, "oauth/NAME"; false where there is no private runtime folder. */
static bool find_file(const char *key, bool make, char ret_path[MAX_PATH])
{
	const char *name = strchr(key, '/');
	char folder[MAX_PATH - 200];

	if (!name || !runtime_folder(make, folder, sizeof(folder)))
		return false;
	snprintf(ret_path, MAX_PATH, "%.*s%.199s", (int)sizeof(folder), folder, name);
	return true;
}

static bool is_young(const struct stat *st)
{
	double age = clock_now() - ((double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9);

	return age > -1 && age < believed_for;
}

/*
 * The first line: for which host, and what the keyrings looked like. Whatever
 * changes an item in them changes their folder, so that a login that another
 * program put there shows at once; without such a folder the minute is all.
 */
static bool cache_describe(const char *host, char ret_line[MAX_LINE])
{
	const char *data = env_get("XDG_DATA_HOME"), *home = env_get("HOME");
	char folder[MAX_PATH] = "";
	struct stat st = {0};

	if (data)
		text_join(folder, sizeof(folder), (const char *const[]){data, "/keyrings", NULL});
	else if (home)
		text_join(
		    folder, sizeof(folder), (const char *const[]){home, "/.local/share/keyrings", NULL});
	if (stat(folder, &st) < 0)
		st = (struct stat){0};
	int n = snprintf(ret_line, MAX_LINE, "%s %lld.%09ld\n", host, (long long)st.st_mtim.tv_sec,
	    (long)st.st_mtim.tv_nsec);
	return n > 0 && n < MAX_LINE;
}

bool cache_load(const char *key, const char *host, struct token *ret_token)
{
	char path[MAX_PATH], line[MAX_LINE], why[160];
	struct buf bytes;
	struct stat st;
	bool found = false;

	if (is_off() || !find_file(key, false, path))
		return false;
	buf_init_secret(&bytes, MAX_BYTES);
	if (cache_describe(host, line) && file_read(path, FILE_OWN, &bytes, &st, NULL) == 0 &&
	    !(st.st_mode & 077) && is_young(&st)) {
		size_t len = strlen(line);
		found = strncmp(bytes.data, line, len) == 0 &&
		        token_read(bytes.data + len, bytes.len - len, ret_token, why, sizeof(why)) == 0;
	}
	buf_release(&bytes);
	return found;
}

void cache_save(const char *key, const char *host, const struct token *token)
{
	char path[MAX_PATH], line[MAX_LINE], none[] = "";
	struct token cached = *token;
	struct buf bytes;

	if (is_off() || !find_file(key, true, path) || !cache_describe(host, line))
		return;
	newfile_sweep(path); /* a writer at work loses its copy, which is no failure */
	cached.refresh_token = none;
	char *text = token_print(&cached);
	buf_init_secret(&bytes, MAX_BYTES);
	buf_addstr(&bytes, line);
	buf_addstr(&bytes, text ? text : "");
	if (text && !bytes.failed)
		file_replace(path, 0600, bytes.data, bytes.len, NULL);
	buf_release(&bytes);
	wipe_str(text);
}

bool cache_drop(const char *key)
{
	char path[MAX_PATH];

	if (!find_file(key, false, path))
		return false;
	bool swept = newfile_sweep(path);
	return unlink(path) == 0 || swept;
}
