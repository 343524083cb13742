#include "config/login.h"

#include "config/edit.h"
#include "config/file.h"
#include "config/view.h"

#include <stdio.h>
#include <string.h>

enum { URL_MAX_BYTES = PLATFORM_URL_MAX + 64 };

/* How a table says with what it is to log in: the tokens of an OAuth login, or a key. */
static void put_secret(struct editor *e, const struct config_login *login, const char *const api_key[],
    const char *const oauth[])
{
	if (login->api_key)
		editor_set_text(e, api_key, login->api_key);
	else
		editor_set_text_if_absent(e, api_key, "");
	if (login->storage)
		editor_set(
		    e, oauth, json_pack("{s:s, s:s}", "storage", login->storage, "key", login->who->key));
}

/* A service is ours if it uses our tokens or our key; one with a key of its own is the user's. */
static bool is_ours(const struct toml *doc, const struct platform *platform, const char *service)
{
	const char *oauth_key = config_text(doc, PATH("services", service, "oauth", "key"));
	const char *api_key = config_text(doc, PATH("services", service, "api_key"));
	const char *our_key = config_api_key(doc, platform);

	if (oauth_key && platform->oauth_key)
		return strcmp(oauth_key, platform->oauth_key) == 0;
	return api_key && our_key && strcmp(api_key, our_key) == 0;
}

static void put_services(struct editor *e, const struct config_login *login, const char *base_url)
{
	for (const char *const(*service)[2] = login->who->platform->services; (*service)[0]; service++) {
		const char *name = (*service)[0];
		char url[URL_MAX_BYTES];
		/* A service that the user has set up otherwise is the user's. */
		if (toml_get(e->doc, PATH("services", name)) && !is_ours(e->doc, login->who->platform, name))
			continue;
		snprintf(url, sizeof(url), "%s/%s", base_url, (*service)[1]);
		editor_set_text(e, PATH("services", name, "base_url"), url);
		put_secret(e, login, PATH("services", name, "api_key"), PATH("services", name, "oauth"));
	}
}

int config_edit_login(struct toml *doc, void *context, struct err *err)
{
	const struct config_login *login = context;
	const struct platform *platform = login->who->platform;
	struct editor e = {.doc = doc};
	const char *base_url = login->who->base_url;
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(platform, provider);
	editor_set_text(&e, PATH("providers", provider, "type"), "kimi");
	editor_set_text(&e, PATH("providers", provider, "base_url"), base_url);
	put_secret(&e, login, PATH("providers", provider, "api_key"), PATH("providers", provider, "oauth"));
	if (login->models)
		editor_put_models(&e, platform, login->models, !config_has_login(doc, platform));
	put_services(&e, login, base_url);
	return editor_finish(&e, err);
}

int config_add_login(const struct home *home, const struct config_login *login, struct err *err)
{
	struct config_change change = {.edit = config_edit_login, .context = (void *)login};

	return config_file_change(home, &change, err);
}

/* Whether a text is the key of the node; either may hold a NUL. */
static bool names(const struct toml_node *text, const struct toml_node *node)
{
	size_t text_len, key_len;
	const char *key = toml_key(node, &key_len);

	if (toml_kind(text) != TOML_STRING)
		return false;
	const char *bytes = toml_string(text, &text_len);
	return text_len == key_len && memcmp(bytes, key, key_len) == 0;
}

int config_edit_logout(struct toml *doc, void *context, struct err *err)
{
	const struct platform *platform = context;
	struct editor e = {.doc = doc};
	char provider[CONFIG_PROVIDER_MAX];
	const struct toml_node *chosen = toml_get(doc, PATH("default_model"));
	bool had_default = false;

	config_provider_key(platform, provider);
	for (const struct toml_node *node = config_first_model(doc); node; node = toml_next(node)) {
		if (!config_is_model_of(node, platform))
			continue;
		had_default = had_default || (chosen && names(chosen, node));
		editor_unset_node(&e, node);
	}
	for (const char *const(*service)[2] = platform->services; (*service)[0]; service++)
		if (is_ours(doc, platform, (*service)[0]))
			editor_unset(&e, PATH("services", (*service)[0]));
	editor_unset(&e, PATH("providers", provider));
	if (had_default) {
		editor_unset(&e, PATH("default_model"));
		editor_unset(&e, PATH("default_thinking"));
	}
	return editor_finish(&e, err);
}

int config_remove_login(
    const struct home *home, const struct platform *platform, bool *ret_changed, struct err *err)
{
	struct config_change change = {.edit = config_edit_logout, .context = (void *)platform};

	/* Where there is no config there is nothing to take away, and none is to be made. */
	if (config_file_exists(home) && config_file_change(home, &change, err) < 0)
		return -1;
	*ret_changed = change.changed;
	return 0;
}

struct storage {
	const struct platform *platform;
	const char *name;
};

static void put_storage(struct editor *e, const char *const storage[], const char *name)
{
	if (toml_get(e->doc, storage))
		editor_set_text(e, storage, name);
}

static int set_storage(struct toml *doc, void *context, struct err *err)
{
	const struct storage *storage = context;
	struct editor e = {.doc = doc};
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(storage->platform, provider);
	put_storage(&e, PATH("providers", provider, "oauth", "storage"), storage->name);
	for (const char *const(*service)[2] = storage->platform->services; (*service)[0]; service++)
		if (is_ours(doc, storage->platform, (*service)[0]))
			put_storage(&e, PATH("services", (*service)[0], "oauth", "storage"), storage->name);
	return editor_finish(&e, err);
}

int config_set_storage(const struct home *home, const char *key, const char *storage, struct err *err)
{
	struct storage context = {platforms, storage};
	struct config_change change = {.edit = set_storage, .context = &context};

	while (context.platform->id &&
	       (!context.platform->oauth_key || strcmp(context.platform->oauth_key, key) != 0))
		context.platform++;
	return context.platform->id && config_file_exists(home) ? config_file_change(home, &change, err) : 0;
}
