#include "status/settings.h"

#include "auth/api_key.h"
#include "base/env.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

extern char **environ;

/* Shown among the sources of a login, or not about a login. */
static const char *const silent[] = {"KIMI_CLIENT", "KIMI_SHARE_DIR", "KIMI_CODE_HOME",
    "KIMI_CODE_OAUTH_HOST", "KIMI_CODE_BASE_URL", "KIMI_MOONSHOT_CN_BASE_URL", "KIMI_MOONSHOT_AI_BASE_URL",
    "KIMI_EXEC_PATH", "KIMI_HANDOVER", "KIMI_API_KEY_IS_TOKEN", "KIMI_CODE_REGION_MARKER",
    "KIMI_DISABLE_OAUTH_LOCK", NULL};

/* How the many variables go on after KIMI_ that only the chat clients read. */
static const char *const of_clients[] = {"CLI_", "CODE_", "CRON_", "DISABLE_CRON", "DISABLE_TELEMETRY",
    "IMAGE_", "LOG_", "LOOP_", "MCP_", "MODEL_", "PLUGIN_", "SECONDARY_", "SHELL_PATH", "STARTUP_",
    "SUBAGENT_", "TOKEN_", "TUI_", "WEB_", NULL};

static void settings_add(struct settings *sources, const char *what, const char *value, const char *from)
{
	static const char *const usual[] = {
	    "the default", "built in", "the default model", "the store", "the config", NULL};
	struct setting *source = &sources->items[sources->count++];

	source->what = what;
	source->from = from;
	source->is_usual = text_is_one_of(from, usual);
	snprintf(source->value, sizeof(source->value), "%.500s", value);
}

static const char *variable_or(const char *name, const char *otherwise)
{
	if (!env_get(name))
		return otherwise;
	return name;
}

static const char *built_in_or_config(const char *configured)
{
	if (!*configured)
		return "built in";
	return "config.toml";
}

static void add_secret(struct settings *sources, const char *storage)
{
	const char *value = "the tokens in the file", *from = "the store";

	if (!storage) {
		value = "not logged in";
	} else if (strcmp(storage, "keyring") == 0) {
		value = "the tokens in the keyring";
	} else if (strcmp(storage, "config") == 0) {
		value = "the API key in config.toml";
		from = "the config";
	} else if (strcmp(storage, "environment") == 0) {
		value = "the API key in KIMI_API_KEY";
		from = "the environment";
	}
	settings_add(sources, "secret", value, from);
}

static void add_login(
    struct settings *sources, const struct status *selected, const struct settings_named *named)
{
	const struct account *account = &selected->account;
	const char *joint = "", *from = "the default";
	char name[200];

	if (*account->name)
		joint = ", account ";
	snprintf(name, sizeof(name), "%s%s%s", account->platform->id, joint, account->name);
	if (named->account)
		from = "--account";
	else if (*account->name)
		from = "KIMI_ACCOUNT";
	else if (named->platform)
		from = "--platform";
	else if (account->platform != &platforms[0])
		from = "the default model";
	settings_add(sources, "login", name, from);
	add_secret(sources, selected->storage);
}

static const char *key_ignored_reason(const struct status *selected)
{
	if (selected->storage && strcmp(selected->storage, "environment") == 0)
		return NULL;
	if (api_key_variable_is_token())
		return "it holds an access token of kimi exec, not an API key";
	if (*selected->account.name)
		return "an account needs a login of its own";
	if (selected->storage)
		return "a stored login is used instead";
	return "it is not an API key";
}

static bool is_of_client(const char *name)
{
	const char *rest = name + strlen("KIMI_");

	for (size_t i = 0; of_clients[i]; i++)
		if (strncmp(rest, of_clients[i], strlen(of_clients[i])) == 0)
			return true;
	return false;
}

/* NULL: the variable is used, or a chat client uses it. */
static const char *ignored_reason(const char *name, const struct status *selected, bool account_named)
{
	if (!env_get(name))
		return "it is empty, so it is not set";
	if (text_is_one_of(name, silent))
		return NULL;
	if (strcmp(name, "KIMI_API_KEY") == 0)
		return key_ignored_reason(selected);
	if (strcmp(name, "KIMI_OAUTH_HOST") == 0) {
		if (env_get("KIMI_CODE_OAUTH_HOST"))
			return "KIMI_CODE_OAUTH_HOST is used instead";
	} else if (strcmp(name, "KIMI_ACCOUNT") == 0) {
		if (account_named)
			return "--account is used instead";
		if (!selected->account.platform->oauth_key)
			return "this platform has an API key and no accounts";
	} else if (strcmp(name, "KIMI_CREDENTIAL_HELPER") == 0) {
		if (env_true("KIMI_DISABLE_KEYRING"))
			return "KIMI_DISABLE_KEYRING is set";
	} else if (strcmp(name, "KIMI_DISABLE_KEYRING") == 0 || strcmp(name, "KIMI_NO_CACHE") == 0) {
		if (!env_true(name))
			return "its value means no";
	} else if (!is_of_client(name)) {
		return "no command here uses it";
	}
	return NULL;
}

static void find_ignored(struct settings *sources, const struct status *selected, bool account_named)
{
	for (char **entry = environ; *entry && sources->ignored_count < SETTINGS_IGNORED_MAX; entry++) {
		struct ignored_variable *next = &sources->ignored[sources->ignored_count];
		size_t len = strcspn(*entry, "=");
		if (strncmp(*entry, "KIMI_", 5) != 0 || len >= sizeof(next->name))
			continue;
		snprintf(next->name, sizeof(next->name), "%.*s", (int)len, *entry);
		next->reason = ignored_reason(next->name, selected, account_named);
		if (next->reason)
			sources->ignored_count++;
	}
}

void settings_find(
    struct settings *ret_settings, const struct status *selected, const struct settings_named *named)
{
	const struct account *account = &selected->account;
	const struct platform *platform = account->platform;
	const struct home *home = account->home;

	*ret_settings = (struct settings){0};
	settings_add(ret_settings, "client", home->client->name, variable_or("KIMI_CLIENT", "the default"));
	settings_add(
	    ret_settings, "home", home->directory, variable_or(home->client->home_variable, "the default"));
	add_login(ret_settings, selected, named);
	if (platform->oauth_key)
		settings_add(ret_settings, "OAuth host", account->oauth_host,
		    variable_or("KIMI_CODE_OAUTH_HOST",
		        variable_or("KIMI_OAUTH_HOST", built_in_or_config(home->oauth_host))));
	settings_add(ret_settings, "API", account->base_url,
	    variable_or(platform->base_url_variable, built_in_or_config(home->base_url)));
	find_ignored(ret_settings, selected, named->account);
}
