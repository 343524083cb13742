#include "config/region.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/file.h"
#include "base/text.h"
#include "config/file.h"
#include "config/view.h"

#include <stdio.h>
#include <string.h>

enum { MARKER_MAX = 256 };

/* The region in the marker file, which the client's installer writes. */
static const struct region *region_of_marker(const struct home *home, const struct platform *platform)
{
	const char *off = env_get("KIMI_CODE_REGION_MARKER");
	const struct region *region = NULL;
	char path[HOME_PATH_MAX];
	struct buf text;

	if (off && strcmp(off, "off") == 0)
		return NULL;
	home_path(home, HOME_REGION, path);
	buf_init(&text, MARKER_MAX);
	if (file_read(path, FILE_FOLLOW, &text, NULL, NULL) == 0 && strlen(text.data) == text.len) {
		text_trim_input(&text);
		region = platform_region_named(platform, text.data);
	}
	buf_release(&text);
	return region;
}

/*
 * The region of the base URL of a provider that has an API key and no login. Without this,
 * the login would use the OAuth host of one region and the base URL of another.
 */
static const struct region *region_of_key(const struct home *home, const struct platform *platform)
{
	const struct region *region = platform->regions;
	char provider[CONFIG_PROVIDER_MAX];
	struct toml *config = NULL;

	while (region->name && strcmp(region->base_url, home->base_url) != 0)
		region++;
	if (!region->name || *home->oauth_host || config_file_read(home, &config, NULL) != 0)
		return NULL;
	config_provider_key(home, platform, provider);
	bool has_login = config_text(config, PATH("providers", provider, "oauth", "key"));
	toml_free(config);
	if (has_login)
		return NULL;
	return region;
}

int config_region_check(
    const struct client *client, const struct platform *platform, const char *name, struct err *err)
{
	char hint[80];

	/* A home without slots always uses the first region. */
	if (!name || !platform->regions || client->has_slots ||
	    platform_region_named(platform, name) == platform->regions)
		return 0;
	snprintf(hint, sizeof(hint), "add --client %s", client_kimi_code.name);
	return err_set(err, ERR_USAGE, hint, "%s has no region %s", client->program, name);
}

int config_region_choose(
    struct home *home, const struct platform *platform, const char *name, struct err *err)
{
	const struct region *region = NULL;

	if (config_region_check(home->client, platform, name, err) < 0)
		return -1;
	if (!platform->regions || !home->client->has_slots || platform_hosts_are_set(platform))
		return 0;
	if (name)
		region = platform_region_named(platform, name);
	else if (*home->oauth_host || *home->base_url)
		region = region_of_key(home, platform);
	else
		region = region_of_marker(home, platform);
	if (region) {
		snprintf(home->oauth_host, sizeof(home->oauth_host), "%s", region->oauth_host);
		snprintf(home->base_url, sizeof(home->base_url), "%s", region->base_url);
	}
	return 0;
}
