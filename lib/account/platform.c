#include "account/platform.h"

#include "base/env.h"
#include "base/options.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

const struct platform platforms[] = {
    {
        .id = "kimi-code",
        .name = "Kimi Code",
        .base_url = "https://api.kimi.com/coding/v1",
        .base_url_variable = "KIMI_CODE_BASE_URL",
        .oauth_key = "oauth/kimi-code",
        .services = {{"moonshot_search", "search"}, {"moonshot_fetch", "fetch"}},
    },
    {
        .id = "moonshot-cn",
        .name = "Moonshot AI Open Platform (moonshot.cn)",
        .base_url = "https://api.moonshot.cn/v1",
        .base_url_variable = "KIMI_MOONSHOT_CN_BASE_URL",
        .allowed_prefixes = {"kimi-k"},
    },
    {
        .id = "moonshot-ai",
        .name = "Moonshot AI Open Platform (moonshot.ai)",
        .base_url = "https://api.moonshot.ai/v1",
        .base_url_variable = "KIMI_MOONSHOT_AI_BASE_URL",
        .allowed_prefixes = {"kimi-k"},
    },
    {.id = NULL},
};

static const char default_oauth_host[] = "https://auth.kimi.com";

const struct platform *platform_find(const char *id, struct err *err)
{
	const char *ids[sizeof(platforms) / sizeof(platforms[0])];
	size_t n = 0;

	if (!id)
		return &platforms[0];
	for (const struct platform *p = platforms; p->id; p++) {
		if (strcmp(p->id, id) == 0)
			return p;
		ids[n++] = p->id;
	}
	ids[n] = NULL;
	const char *nearest = options_nearest(id, ids);
	char todo[200];
	if (nearest)
		snprintf(todo, sizeof(todo), "did you mean %s?", nearest);
	else
		snprintf(todo, sizeof(todo), "use %s, %s or %s", ids[0], ids[1], ids[2]);
	err_set(err, ERR_USAGE, todo, "unknown platform '%.80s'", id);
	return NULL;
}

int platform_not_logged_in(const struct platform *platform, struct err *err)
{
	char todo[80];

	snprintf(todo, sizeof(todo), "run 'kimi login%s%s'", platform == platforms ? "" : " --platform ",
	    platform == platforms ? "" : platform->id);
	return err_set(err, ERR_LOGIN_REQUIRED, todo, "not logged in to %s", platform->name);
}

static int copy_url(const char *url, const char *variable, char *ret_url, struct err *err)
{
	if (!text_join(ret_url, PLATFORM_URL_MAX, (const char *const[]){url, NULL}))
		return err_set(
		    err, ERR_CONFIG, "set it to a shorter one", "the URL in %s is too long", variable);
	size_t n = strlen(ret_url);
	while (n && ret_url[n - 1] == '/')
		ret_url[--n] = '\0';
	return 0;
}

int platform_base_url(const struct platform *platform, char ret_url[PLATFORM_URL_MAX], struct err *err)
{
	const char *set = env_get(platform->base_url_variable);

	return copy_url(set ? set : platform->base_url, platform->base_url_variable, ret_url, err);
}

int platform_oauth_host(char ret_url[PLATFORM_URL_MAX], struct err *err)
{
	static const char *const variables[] = {"KIMI_CODE_OAUTH_HOST", "KIMI_OAUTH_HOST"};

	for (size_t i = 0; i < 2; i++)
		if (env_get(variables[i]))
			return copy_url(env_get(variables[i]), variables[i], ret_url, err);
	return copy_url(default_oauth_host, "", ret_url, err);
}
