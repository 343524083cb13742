#include "status/settings.h"

#include "auth/api_key.h"
#include "base/env.h"

#include <stdio.h>
#include <string.h>

extern char **environ;

/* Shown among the sources of a login, or not about a login. */
static const char *const silent[] = {"KIMI_CLIENT", "KIMI_SHARE_DIR", "KIMI_CODE_HOME",
    "KIMI_CODE_OAUTH_HOST", "KIMI_CODE_BASE_URL", "KIMI_MOONSHOT_CN_BASE_URL", "KIMI_MOONSHOT_AI_BASE_URL",
    "KIMI_EXEC_PATH", "KIMI_HANDOVER", "KIMI_API_KEY_IS_TOKEN", "KIMI_CODE_REGION_MARKER", NULL};

static bool is_usual(const char *from)
{
	static const char *const usual[] = {
	    "the default", "built in", "the default model", "the store", "the config", NULL};

	for (size_t i = 0; usual[i]; i++)
		if (strcmp(from, usual[i]) == 0)
			return true;
	return false;
}

static void settings_add(struct sources *sources, const char *what, const char *value, const char *from)
{
	struct source *source = &sources->items[sources->count++];

	source->what = what;
	source->from = from;
	source->is_usual = is_usual(from);
	snprintf(source->value, sizeof(source->value), "%.500s", value);
}

static const char *variable_or(const char *name, const char *otherwise)
{
	return env_get(name) ? name : otherwise;
}

static const char *built_in_or_config(const char *configured)
{
	return *configured ? "config.toml" : "built in";
}

static const char *secret_of(const struct status *selected)
{
	if (!selected->storage)
		return "not logged in";
	if (strcmp(selected->storage, "config") == 0)
		return "the API key in config.toml";
	if (strcmp(selected->storage, "environment") == 0)
		return "the API key in KIMI_API_KEY";
	return strcmp(selected->storage, "keyring") == 0 ? "the tokens in the keyring"
	                                                 : "the tokens in the file";
}

static void add_login(
    struct sources *sources, const struct status *selected, bool platform_named, bool account_named)
{
	const struct identity *who = &selected->who;
	char name[200];

	snprintf(
	    name, sizeof(name), "%s%s%s", who->platform->id, *who->account ? ", account " : "", who->account);
	const char *from = account_named                    ? "--account"
	                   : *who->account                  ? "KIMI_ACCOUNT"
	                   : platform_named                 ? "--platform"
	                   : who->platform != &platforms[0] ? "the default model"
	                                                    : "the default";
	settings_add(sources, "login", name, from);
	settings_add(sources, "secret", secret_of(selected),
	    !selected->storage                              ? "the store"
	    : strcmp(selected->storage, "environment") == 0 ? "the environment"
	    : strcmp(selected->storage, "config") == 0      ? "the config"
	                                                    : "the store");
}

static const char *why_key_ignored(const struct status *selected)
{
	if (selected->storage && strcmp(selected->storage, "environment") == 0)
		return NULL;
	if (api_key_variable_is_token())
		return "it holds an access token of kimi exec, not an API key";
	if (*selected->who.account)
		return "an account needs a login of its own";
	return selected->storage ? "a stored login is used instead" : "it is not an API key";
}

/* NULL: the variable is used. */
static const char *why_ignored(const char *name, const struct status *selected, bool account_named)
{
	const struct platform *platform = selected->who.platform;

	if (!env_get(name))
		return "it is empty, so it is not set";
	for (size_t i = 0; silent[i]; i++)
		if (strcmp(name, silent[i]) == 0)
			return NULL;
	if (strcmp(name, "KIMI_OAUTH_HOST") == 0)
		return env_get("KIMI_CODE_OAUTH_HOST") ? "KIMI_CODE_OAUTH_HOST is used instead" : NULL;
	if (strcmp(name, "KIMI_ACCOUNT") == 0)
		return account_named          ? "--account is used instead"
		       : !platform->oauth_key ? "this platform has an API key and no accounts"
		                              : NULL;
	if (strcmp(name, "KIMI_API_KEY") == 0)
		return why_key_ignored(selected);
	if (strcmp(name, "KIMI_CREDENTIAL_HELPER") == 0)
		return env_true("KIMI_DISABLE_KEYRING") ? "KIMI_DISABLE_KEYRING is set" : NULL;
	if (strcmp(name, "KIMI_DISABLE_KEYRING") == 0 || strcmp(name, "KIMI_NO_CACHE") == 0)
		return env_true(name) ? NULL : "its value means no";
	return "no command here uses it";
}

static void find_ignored(struct sources *sources, const struct status *selected, bool account_named)
{
	char name[sizeof(sources->ignored[0].name)];

	for (char **entry = environ; *entry && sources->ignored_count < SOURCES_IGNORED_MAX; entry++) {
		size_t len = strcspn(*entry, "=");
		if (strncmp(*entry, "KIMI_", 5) != 0 || len >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, *entry);
		const char *why = why_ignored(name, selected, account_named);
		if (!why)
			continue;
		struct ignored_variable *ignored = &sources->ignored[sources->ignored_count++];
		snprintf(ignored->name, sizeof(ignored->name), "%s", name);
		snprintf(ignored->why, sizeof(ignored->why), "%s", why);
	}
}

void sources_find(struct sources *ret_sources, const struct home *home, const struct status *selected,
    bool platform_named, bool account_named)
{
	const struct platform *platform = selected->who.platform;
	const struct identity *who = &selected->who;

	*ret_sources = (struct sources){0};
	settings_add(ret_sources, "client", home->client->name, variable_or("KIMI_CLIENT", "the default"));
	settings_add(
	    ret_sources, "home", home->folder, variable_or(home->client->home_variable, "the default"));
	add_login(ret_sources, selected, platform_named, account_named);
	if (platform->oauth_key)
		settings_add(ret_sources, "OAuth host", who->oauth_host,
		    variable_or("KIMI_CODE_OAUTH_HOST",
		        variable_or("KIMI_OAUTH_HOST", built_in_or_config(home->oauth_host))));
	settings_add(ret_sources, "API", who->base_url,
	    variable_or(platform->base_url_variable, built_in_or_config(home->base_url)));
	find_ignored(ret_sources, selected, account_named);
}
