#include "config/hosts.h"

#include "account/platform.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/text.h"
#include "config/file.h"
#include "config/view.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * A config that was modified more recently than this may change again without changing its
 * stamp. File systems that keep whole or even seconds need the longer time.
 */
enum { SETTLE_MS = 100, SETTLE_COARSE_MS = 2000 };
enum { INDEX_MAX = 2 * HOME_HOST_MAX + 256 };

/* The first line of the index, which identifies a version of config.toml. */
static void hosts_stamp(const struct stat *st, char ret_stamp[128])
{
	snprintf(ret_stamp, 128, "%lld %llu %lld.%09ld %lld.%09ld", (long long)st->st_size,
	    (unsigned long long)st->st_ino, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
	    (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

/* Takes the next line out of *at, if it fits. */
static bool hosts_take_line(char **at, char *ret_line, size_t size)
{
	size_t len = strcspn(*at, "\n");

	if ((*at)[len] != '\n' || len >= size)
		return false;
	memcpy(ret_line, *at, len);
	ret_line[len] = '\0';
	*at += len + 1;
	return true;
}

static bool hosts_read_index(struct home *home, const char *path, const char *stamp)
{
	char line[128], oauth_host[HOME_HOST_MAX], base_url[HOME_HOST_MAX];
	struct buf bytes;
	bool found = false;

	buf_init(&bytes, INDEX_MAX);
	if (file_read(path, FILE_OWN, &bytes, NULL, NULL) == 0) {
		char *at = bytes.data;
		found = hosts_take_line(&at, line, sizeof(line)) && strcmp(line, stamp) == 0 &&
		        hosts_take_line(&at, oauth_host, sizeof(oauth_host)) &&
		        hosts_take_line(&at, base_url, sizeof(base_url));
	}
	buf_release(&bytes);
	if (found) {
		snprintf(home->oauth_host, sizeof(home->oauth_host), "%s", oauth_host);
		snprintf(home->base_url, sizeof(home->base_url), "%s", base_url);
	}
	return found;
}

static void hosts_write_index(const struct home *home, const char *path, const char *stamp)
{
	struct buf bytes;

	buf_init(&bytes, INDEX_MAX);
	buf_addf(&bytes, "%s\n%s\n%s\n", stamp, home->oauth_host, home->base_url);
	if (!bytes.failed)
		newfile_replace(path, bytes.data, bytes.len, NULL); /* ignore errors */
	buf_release(&bytes);
}

static void hosts_take(const struct toml *config, const char *const path[], char ret_host[HOME_HOST_MAX])
{
	const char *text = config_text(config, path);

	if (text && !strpbrk(text, "\r\n"))
		text_join(ret_host, HOME_HOST_MAX, (const char *const[]){text, NULL});
}

static void hosts_read_config(struct home *home)
{
	const struct platform *platform = platform_find(NULL, NULL);
	char provider[CONFIG_PROVIDER_MAX];
	struct toml *config = NULL;

	if (config_file_read(home, &config, NULL) != 0)
		return;
	config_provider_key(home, platform, provider);
	/* kimi-code accepts both spellings. */
	hosts_take(config, PATH("providers", provider, "baseUrl"), home->base_url);
	hosts_take(config, PATH("providers", provider, "oauth", "oauthHost"), home->oauth_host);
	hosts_take(config, PATH("providers", provider, "base_url"), home->base_url);
	hosts_take(config, PATH("providers", provider, "oauth", "oauth_host"), home->oauth_host);
	toml_free(config);
}

void config_hosts_load(struct home *home)
{
	char path[HOME_PATH_MAX], stamp[128];
	int settle_ms = SETTLE_COARSE_MS;
	struct stat st;

	home->oauth_host[0] = home->base_url[0] = '\0';
	if (!home->client->has_slots)
		return;
	home_path(home, HOME_CONFIG, path);
	if (stat(path, &st) < 0)
		return;
	hosts_stamp(&st, stamp);
	home_path(home, HOME_HOSTS_INDEX, path);
	if (hosts_read_index(home, path, stamp))
		return;
	hosts_read_config(home);
	if (st.st_mtim.tv_nsec)
		settle_ms = SETTLE_MS;
	if (file_unsettled(&st, settle_ms) == 0 && home_check_writable(home, NULL) == 0)
		hosts_write_index(home, path, stamp);
}
