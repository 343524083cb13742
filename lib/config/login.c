#include "config/login.h"

#include "config/edit.h"
#include "config/file.h"

#include <stdio.h>
#include <string.h>

enum { URL_MAX_BYTES = PLATFORM_URL_MAX + 64 };

/* Writes the storage of the tokens into the table section.name. */
static void put_oauth(
    struct editor *e, const struct config_login *login, const char *section, const char *name)
{
	const char *key = login->who->key, *host = NULL;
	const struct toml_node *there = toml_get(e->doc, PATH(section, name, "oauth"));

	if (!e->dialect->oauth_host) {
		editor_set(e, PATH(section, name, "oauth"),
		    json_pack("{s:s, s:s}", "storage", login->storage, "key", key));
		return;
	}
	/* The default key implies the default host, which is not written. */
	if (strcmp(key, login->who->platform->oauth_key) != 0)
		host = login->who->oauth_host;
	if (there && !toml_is(there, TOML_TABLE))
		editor_unset(e, PATH(section, name, "oauth"));
	editor_set_text(e, PATH(section, name, "oauth", "storage"), e->dialect->storage);
	editor_set_text(e, PATH(section, name, "oauth", "key"), key);
	editor_put_text(e, PATH(section, name, "oauth", "oauth_host"), host);
}

/*
 * Writes the secret of the table section.name: a reference to the tokens of an OAuth
 * login, or an API key.
 */
static void put_secret(
    struct editor *e, const struct config_login *login, const char *section, const char *name)
{
	if (login->api_key)
		editor_set_text(e, PATH(section, name, "api_key"), login->api_key);
	else if (e->dialect->one_secret)
		editor_set_text(e, PATH(section, name, "api_key"), "");
	else
		editor_set_text_if_absent(e, PATH(section, name, "api_key"), "");
	if (e->dialect->one_secret)
		editor_unset(e, PATH(section, name, "api_key_env"));
	if (login->storage)
		put_oauth(e, login, section, name);
	else if (e->dialect->one_secret)
		editor_unset(e, PATH(section, name, "oauth"));
}

/* `key` belongs to a login of the platform; in a home with slots, to that of any slot. */
static bool is_oauth_key(const struct home *home, const struct platform *platform, const char *key)
{
	size_t len = strlen(platform->oauth_key);

	if (strncmp(key, platform->oauth_key, len) != 0)
		return false;
	return !key[len] || (home->client->has_slots && strncmp(key + len, "-env-", strlen("-env-")) == 0);
}

/*
 * A service is ours if it uses our tokens or our API key. With another key, it belongs to
 * the user.
 */
static bool is_ours(const struct editor *e, const struct platform *platform, const char *service)
{
	const char *oauth_key = config_text(e->doc, PATH("services", service, "oauth", "key"));
	const char *api_key = config_text(e->doc, PATH("services", service, "api_key"));
	const char *our_key = config_api_key(e->home, e->doc, platform);

	if (oauth_key && platform->oauth_key)
		return is_oauth_key(e->home, platform, oauth_key);
	return api_key && our_key && strcmp(api_key, our_key) == 0;
}

static void put_services(struct editor *e, const struct config_login *login, const char *base_url)
{
	for (const char *const(*service)[2] = login->who->platform->services; (*service)[0]; service++) {
		const char *name = (*service)[0];
		char url[URL_MAX_BYTES];
		if (toml_get(e->doc, PATH("services", name)) && !is_ours(e, login->who->platform, name))
			continue;
		snprintf(url, sizeof(url), "%s/%s", base_url, (*service)[1]);
		editor_set_text(e, PATH("services", name, "base_url"), url);
		put_secret(e, login, "services", name);
	}
}

/* Copies what the user added to a provider to its new key: strings, and tables of strings. */
static void copy_own_keys(struct editor *e, const struct toml_node *old, const char *provider)
{
	static const char *const ours[] = {"type", "base_url", "api_key", "oauth"};

	for (const struct toml_node *node = toml_first(old); node; node = toml_next(node)) {
		const char *name = config_node_key(node), *text = config_node_text(node);
		bool is_own = name;
		for (size_t i = 0; is_own && i < sizeof(ours) / sizeof(*ours); i++)
			is_own = strcmp(name, ours[i]) != 0;
		if (is_own && text)
			editor_set_text_if_absent(e, PATH("providers", provider, name), text);
		if (!is_own || !toml_is(node, TOML_TABLE))
			continue;
		for (const struct toml_node *item = toml_first(node); item; item = toml_next(item))
			if (config_node_key(item) && config_node_text(item))
				editor_set_text_if_absent(e,
				    PATH("providers", provider, name, config_node_key(item)),
				    config_node_text(item));
	}
}

/* Rewrites what a migration left in the form that the client itself writes. */
static void take_over(struct editor *e, const struct platform *platform, const char *provider)
{
	int thinking = editor_thinking(e);
	const struct toml_node *old = config_provider(e->home, e->doc, platform);

	if (thinking >= 0)
		editor_set_thinking(e, thinking);
	if (!old || strcmp(config_node_key(old), provider) == 0)
		return;
	copy_own_keys(e, old, provider);
	editor_unset_node(e, old);
	for (const struct toml_node *node = config_first_model(e->doc); node; node = toml_next(node))
		if (config_is_model_of(e->home, node, platform) && config_node_key(node) &&
		    editor_is_alias(e, platform, node))
			editor_set_text(e, PATH("models", config_node_key(node), "provider"), provider);
}

int config_edit_login(const struct home *home, struct toml *doc, void *context, struct err *err)
{
	const struct config_login *login = context;
	const struct platform *platform = login->who->platform;
	struct editor e = editor_of(home, doc);
	const char *base_url = login->who->base_url;
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(home, platform, provider);
	if (e.dialect->is_migrated)
		take_over(&e, platform, provider);
	editor_set_text(&e, PATH("providers", provider, "type"), "kimi");
	editor_set_text(&e, PATH("providers", provider, "base_url"), base_url);
	put_secret(&e, login, "providers", provider);
	if (login->models) {
		const struct editor_models list = {platform, provider, login->models,
		    .choose_default = !config_provider(home, doc, platform)};
		editor_put_models(&e, &list);
		editor_complete_thinking(&e, platform, login->models);
	}
	put_services(&e, login, base_url);
	return editor_finish(&e, err);
}

int config_add_login(const struct config_login *login, struct err *err)
{
	struct config_change change = {.edit = config_edit_login, .context = (void *)login};

	return config_file_change(login->who->home, &change, err);
}

/* The string is the key of the node. Both may contain a NUL. */
static bool login_names(const struct toml_node *text, const struct toml_node *node)
{
	size_t text_len, key_len;
	const char *key = toml_key(node, &key_len), *bytes = toml_string(text, &text_len);

	return bytes && text_len == key_len && memcmp(bytes, key, key_len) == 0;
}

int config_edit_logout(const struct home *home, struct toml *doc, void *context, struct err *err)
{
	const struct platform *platform = context;
	struct editor e = editor_of(home, doc);
	const struct toml_node *chosen = toml_get(doc, PATH("default_model")), *its_model = NULL;

	for (const struct toml_node *node = config_first_model(doc); node; node = toml_next(node)) {
		if (!config_is_model_of(home, node, platform) || editor_is_alias(&e, platform, node))
			continue;
		if (login_names(chosen, node))
			its_model = node;
		editor_unset_node(&e, node);
	}
	for (const char *const(*service)[2] = platform->services; (*service)[0]; service++)
		if (is_ours(&e, platform, (*service)[0]))
			editor_unset(&e, PATH("services", (*service)[0]));
	for (const struct toml_node *node = config_first_provider(doc); node; node = toml_next(node))
		if (toml_is(node, TOML_TABLE) && config_is_provider_of(home, platform, config_node_key(node)))
			editor_unset_node(&e, node);
	if (its_model) {
		editor_unset(&e, PATH("default_model"));
		editor_unset_thinking(&e, its_model);
	}
	return editor_finish(&e, err);
}

int config_remove_login(const struct account *who, bool *ret_changed, struct err *err)
{
	struct config_change change = {.edit = config_edit_logout, .context = (void *)who->platform};

	/* Without a config there is nothing to remove; do not create one. */
	if (config_file_exists(who->home) && config_file_change(who->home, &change, err) < 0)
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

static int set_storage(const struct home *home, struct toml *doc, void *context, struct err *err)
{
	const struct storage *storage = context;
	struct editor e = editor_of(home, doc);
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(home, storage->platform, provider);
	put_storage(&e, PATH("providers", provider, "oauth", "storage"), storage->name);
	for (const char *const(*service)[2] = storage->platform->services; (*service)[0]; service++)
		if (is_ours(&e, storage->platform, (*service)[0]))
			put_storage(&e, PATH("services", (*service)[0], "oauth", "storage"), storage->name);
	return editor_finish(&e, err);
}

int config_set_storage(const struct account *who, const char *storage, struct err *err)
{
	struct storage context = {who->platform, storage};
	struct config_change change = {.edit = set_storage, .context = &context};

	/* Only the default account is in the config. */
	if (config_dialect(who->home)->storage || *who->name || !config_file_exists(who->home))
		return 0;
	return config_file_change(who->home, &change, err);
}
