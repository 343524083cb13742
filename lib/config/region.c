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

static void region_set(struct home *home, const struct region *region)
{
	snprintf(home->oauth_host, sizeof(home->oauth_host), "%s", region->oauth_host);
	snprintf(home->base_url, sizeof(home->base_url), "%s", region->base_url);
}

/* The region that the download site of the client has left its name of. */
static const struct region *region_of_marker(const struct home *home, const struct platform *platform)
{
	const char *off = env_get("KIMI_CODE_REGION_MARKER");
	const struct region *region = NULL;
	char path[HOME_PATH_MAX];
	struct buf text;

	if (off && strcmp(off, "off") == 0)
		return NULL;
	home_region_file(home, path);
	buf_init(&text, MARKER_MAX);
	if (file_read(path, FILE_FOLLOW, &text, NULL, NULL) == 0 && strlen(text.data) == text.len) {
		text_trim_input(&text);
		region = platform_region_named(platform, text.data);
	}
	buf_release(&text);
	return region;
}

/*
 * A provider with an API key names a base URL and no login: the login then goes to
 * the region of that URL, and not to a pair of hosts of two regions.
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
	bool has_login =
	    config_text(config, (const char *const[]){"providers", provider, "oauth", "key", NULL});
	toml_free(config);
	return has_login ? NULL : region;
}

int config_region_choose(
    struct home *home, const struct platform *platform, const char *name, struct err *err)
{
	const struct region *region = NULL;
	char hint[80];

	if (!platform->regions)
		return 0;
	if (!home->client->has_slots) {
		snprintf(hint, sizeof(hint), "add --client %s", client_kimi_code.name);
		/* The first one is where such a home always is. */
		if (name && platform_region_named(platform, name) != platform->regions)
			return err_set(
			    err, ERR_USAGE, hint, "%s has no region %s", home->client->program, name);
		return 0;
	}
	if (name)
		region = platform_region_named(platform, name);
	else if (*home->oauth_host || *home->base_url)
		region = region_of_key(home, platform);
	else
		region = region_of_marker(home, platform);
	if (region)
		region_set(home, region);
	return 0;
}
