#include "kimi/cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/file.h"
#include "format/json.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 1024, MAX_BYTES = 256 * 1024 };

static const double believed_for = 60; /* seconds */

static bool is_private_folder(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077);
}

/* The file of a key, "oauth/NAME"; false where there is no private runtime folder, or caching is off. */
static bool find_file(const char *key, bool make, char ret_path[MAX_PATH])
{
	const char *runtime = env_get("XDG_RUNTIME_DIR"), *name = strchr(key, '/');
	char folder[MAX_PATH];

	if (!runtime || !name || env_true("KIMI_NO_CACHE"))
		return false;
	int n = snprintf(folder, sizeof(folder), "%s/kimi", runtime);
	if (n < 0 || (size_t)n >= sizeof(folder) - 200 || !is_private_folder(runtime))
		return false;
	if (make)
		mkdir(folder, 0700);
	snprintf(ret_path, MAX_PATH, "%.700s%.200s", folder, name);
	return is_private_folder(folder);
}

static bool is_young(const struct stat *st)
{
	double age = clock_now() - ((double)st->st_mtim.tv_sec + (double)st->st_mtim.tv_nsec / 1e9);

	return age > -1 && age < believed_for;
}

bool cache_load(const char *key, const char *host, struct token *ret_token)
{
	char path[MAX_PATH], why[160];
	struct buf bytes;
	struct stat st;
	bool found = false;

	if (!find_file(key, false, path))
		return false;
	buf_init_secret(&bytes, MAX_BYTES);
	/* The first line names the host. */
	if (file_read(path, FILE_OWN, &bytes, &st, NULL) == 0 && !(st.st_mode & 077) && is_young(&st)) {
		size_t len = strcspn(bytes.data, "\n");
		const char *json = bytes.data + len + (bytes.data[len] == '\n');
		found = len == strlen(host) && strncmp(bytes.data, host, len) == 0 &&
		        token_read(json, strlen(json), ret_token, why, sizeof(why)) == 0;
	}
	buf_release(&bytes);
	return found;
}

void cache_save(const char *key, const char *host, const struct token *token)
{
	char path[MAX_PATH], none[] = "";
	struct token cached = *token;
	struct buf bytes;

	if (!find_file(key, true, path))
		return;
	cached.refresh_token = none;
	char *text = token_print(&cached);
	buf_init_secret(&bytes, MAX_BYTES);
	buf_addf(&bytes, "%s\n", host);
	buf_addstr(&bytes, text ? text : "");
	if (text && !bytes.failed)
		file_replace(path, 0600, bytes.data, bytes.len, NULL);
	buf_release(&bytes);
	wipe_str(text);
}

void cache_drop(const char *key)
{
	char path[MAX_PATH];

	if (find_file(key, false, path))
		unlink(path);
}
