#include "account/platform.h"

#include "base/env.h"
#include "base/options.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* "use kimi-code, moonshot-cn or moonshot-ai" */
static void name_all(char *ret_hint, size_t size)
{
	size_t len = (size_t)snprintf(ret_hint, size, "use %s", platforms->id);

	for (const struct platform *p = platforms + 1; p->id && len < size; p++) {
		const char *joint = p[1].id ? ", " : " or ";
		len += (size_t)snprintf(ret_hint + len, size - len, "%s%s", joint, p->id);
	}
}

const struct platform *platform_find(const char *id, struct err *err)
{
	const char *ids[PLATFORMS_MAX + 1];
	char hint[200];
	size_t n = 0;

	if (!id)
		return &platforms[0];
	for (const struct platform *p = platforms; p->id; p++) {
		if (strcmp(p->id, id) == 0)
			return p;
		if (n < PLATFORMS_MAX)
			ids[n++] = p->id;
	}
	ids[n] = NULL;
	const char *nearest = options_nearest(id, ids);
	if (nearest)
		snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
	else
		name_all(hint, sizeof(hint));
	err_set(err, ERR_USAGE, hint, "unknown platform '%.80s'", id);
	return NULL;
}

static int copy_url(const char *url, const char *variable, char *ret_url, struct err *err)
{
	if (!text_join(ret_url, PLATFORM_URL_MAX, (const char *const[]){url, NULL}))
		return err_set(
		    err, ERR_CONFIG, "set it to a shorter URL", "the URL in %s is too long", variable);
	size_t n = strlen(ret_url);
	while (n && ret_url[n - 1] == '/')
		ret_url[--n] = '\0';
	return 0;
}

static const char *set_or(const char *configured, const char *shipped)
{
	if (configured && *configured)
		return configured;
	return shipped;
}

int platform_base_url(
    const struct platform *platform, const char *configured, char ret_url[PLATFORM_URL_MAX], struct err *err)
{
	const char *set = env_get(platform->base_url_variable);

	if (set)
		return copy_url(set, platform->base_url_variable, ret_url, err);
	return copy_url(set_or(configured, platform->base_url), "config.toml", ret_url, err);
}

int platform_oauth_host(
    const struct platform *platform, const char *configured, char ret_url[PLATFORM_URL_MAX], struct err *err)
{
	*ret_url = '\0';
	for (const char *const *variable = platform->oauth_host_variables; *variable; variable++)
		if (env_get(*variable))
			return copy_url(env_get(*variable), *variable, ret_url, err);
	if (!platform->oauth_host)
		return 0;
	return copy_url(set_or(configured, platform->oauth_host), "config.toml", ret_url, err);
}

bool platform_hosts_are_set(const struct platform *platform)
{
	bool set = env_get(platform->base_url_variable) != NULL;

	for (const char *const *variable = platform->oauth_host_variables; *variable; variable++)
		set = set || env_get(*variable);
	return set;
}

const struct region *platform_region_of(
    const struct platform *platform, const char *oauth_host, const char *base_url)
{
	for (const struct region *r = platform->regions; r && r->name; r++)
		if (strcmp(r->oauth_host, oauth_host) == 0 && strcmp(r->base_url, base_url) == 0)
			return r;
	return NULL;
}

const struct region *platform_region_named(const struct platform *platform, const char *name)
{
	for (const struct region *r = platform->regions; r && r->name; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}
