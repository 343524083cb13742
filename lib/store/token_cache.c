#include "store/token_cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/runtime_dir.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 1024, MAX_LINE = 640, MAX_BYTES = 256 * 1024 };

static const double cached_for = 60; /* seconds */

/* With a helper that is not ours, we cannot notice that the login was replaced. */
static bool is_off(void)
{
	return env_true("KIMI_NO_CACHE") || env_true("KIMI_DISABLE_KEYRING") ||
	       env_get("KIMI_CREDENTIAL_HELPER");
}

/* The file of an item, "oauth/NAME". False: there is no private runtime directory. */
static bool find_file(const char *key, bool make, char ret_path[MAX_PATH])
{
	const char *name = strchr(key, '/');
	char directory[MAX_PATH - 200];

	if (!name || !runtime_dir(make, directory, sizeof(directory)))
		return false;
	snprintf(ret_path, MAX_PATH, "%.*s%.199s", (int)sizeof(directory), directory, name);
	return true;
}

static bool is_young(const struct stat *st)
{
	double age = clock_now() - ((double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9);

	return age > -1 && age < cached_for;
}

/*
 * The first line of the file: the host, and the modification time of the directory of
 * GNOME's keyrings. It changes with any item, so that a login from another program is
 * noticed at once. Without this directory, only the age limits the cache.
 */
static bool token_cache_describe(const char *host, char ret_line[MAX_LINE])
{
	const char *data = env_get("XDG_DATA_HOME"), *home = env_get("HOME");
	char directory[MAX_PATH] = "";
	struct stat st = {0};

	if (data)
		text_join(directory, sizeof(directory), (const char *const[]){data, "/keyrings", NULL});
	else if (home)
		text_join(directory, sizeof(directory),
		    (const char *const[]){home, "/.local/share/keyrings", NULL});
	if (stat(directory, &st) < 0)
		st = (struct stat){0};
	int n = snprintf(ret_line, MAX_LINE, "%s %lld.%09ld\n", host, (long long)st.st_mtim.tv_sec,
	    (long)st.st_mtim.tv_nsec);
	return n > 0 && n < MAX_LINE;
}

bool token_cache_load(const char *key, const char *host, struct token *ret_token)
{
	char path[MAX_PATH], line[MAX_LINE];
	struct buf bytes;
	struct stat st;
	bool found = false;

	if (is_off() || !find_file(key, false, path))
		return false;
	buf_init_secret(&bytes, MAX_BYTES);
	if (token_cache_describe(host, line) && file_read(path, FILE_OWN, &bytes, &st, NULL) == 0 &&
	    !(st.st_mode & 077) && is_young(&st)) {
		size_t len = strlen(line);
		found = strncmp(bytes.data, line, len) == 0 &&
		        token_read(bytes.data + len, bytes.len - len, ret_token, NULL) == 0;
	}
	buf_release(&bytes);
	return found;
}

void token_cache_save(const char *key, const char *host, const struct token *token)
{
	char path[MAX_PATH], line[MAX_LINE], none[] = "";
	struct token cached = *token;
	struct buf bytes;

	if (is_off() || !find_file(key, true, path) || !token_cache_describe(host, line))
		return;
	newfile_sweep(path); /* a process that writes it right now fails, which does no harm */
	cached.refresh_token = none;
	char *text = token_print(&cached);
	buf_init_secret(&bytes, MAX_BYTES);
	buf_addstr(&bytes, line);
	buf_addstr(&bytes, text_or_empty(text));
	if (text && !bytes.failed)
		newfile_replace(path, bytes.data, bytes.len, NULL);
	buf_release(&bytes);
	wipe_str(text);
}

bool token_cache_drop(const char *key)
{
	char path[MAX_PATH];

	if (!find_file(key, false, path))
		return false;
	bool swept = newfile_sweep(path);
	return unlink(path) == 0 || swept;
}
