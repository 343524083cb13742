#include "config/view.h"

#include "base/text.h"
#include "config/file.h"

#include <stdio.h>
#include <string.h>

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

void config_provider_key(const struct platform *platform, char ret_key[CONFIG_PROVIDER_MAX])
{
	snprintf(ret_key, CONFIG_PROVIDER_MAX, "managed:%s", platform->id);
}

char *config_model_key(const struct platform *platform, const char *id)
{
	char *key = NULL;

	return asprintf(&key, "%s/%s", platform->id, id) < 0 ? NULL : key;
}

const char *config_node_text(const struct toml_node *node)
{
	size_t len;

	if (!node || toml_kind(node) != TOML_STRING)
		return NULL;
	const char *text = toml_string(node, &len);
	return strlen(text) == len ? text : NULL; /* what has a NUL inside is not cut short, but no text */
}

const char *config_node_key(const struct toml_node *node)
{
	size_t len;
	const char *key = toml_key(node, &len);

	return strlen(key) == len ? key : NULL;
}

static const struct toml_node *table_at(const struct toml *doc, const char *const path[])
{
	const struct toml_node *node = doc ? toml_get(doc, path) : NULL;

	return node && toml_kind(node) == TOML_TABLE ? node : NULL;
}

const char *config_text(const struct toml *doc, const char *const path[])
{
	return doc ? config_node_text(toml_get(doc, path)) : NULL;
}

const char *config_member_text(const struct toml_node *table, const char *key)
{
	return toml_kind(table) == TOML_TABLE ? config_node_text(toml_member(table, key)) : NULL;
}

const struct toml_node *config_first_model(const struct toml *doc)
{
	const struct toml_node *table = table_at(doc, PATH("models"));

	return table ? toml_first(table) : NULL;
}

bool config_is_model_of(const struct toml_node *model, const struct platform *platform)
{
	const char *owner = config_member_text(model, "provider");
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(platform, provider);
	return owner && strcmp(owner, provider) == 0;
}

bool config_is_own_model(const struct toml *doc, const struct platform *platform, const char *key)
{
	const struct toml_node *model = doc ? toml_get(doc, PATH("models", key)) : NULL;

	return model && !config_is_model_of(model, platform);
}

bool config_has_login(const struct toml *doc, const struct platform *platform)
{
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(platform, provider);
	return table_at(doc, PATH("providers", provider)) != NULL;
}

const char *config_default_model(const struct toml *doc)
{
	const char *text = config_text(doc, PATH("default_model"));

	return text && *text ? text : NULL;
}

const struct platform *config_default_platform(const struct toml *doc)
{
	const char *model = config_default_model(doc);
	const char *owner = model ? config_text(doc, PATH("models", model, "provider")) : NULL;
	char provider[CONFIG_PROVIDER_MAX];

	for (const struct platform *p = platforms; owner && p->id; p++) {
		config_provider_key(p, provider);
		if (strcmp(provider, owner) == 0)
			return p;
	}
	return NULL;
}

const struct platform *config_default_platform_at(const struct home *home)
{
	struct toml *doc = NULL;
	const struct platform *platform =
	    config_file_read(home, &doc, NULL) == 0 ? config_default_platform(doc) : NULL;

	toml_free(doc);
	return platform;
}

const char *config_api_key(const struct toml *doc, const struct platform *platform)
{
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(platform, provider);
	const char *key = config_text(doc, PATH("providers", provider, "api_key"));
	return key && *key && text_is_plain(key) ? key : NULL;
}

const struct toml_node *config_custom_headers(const struct toml *doc, const struct platform *platform)
{
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(platform, provider);
	return table_at(doc, PATH("providers", provider, "custom_headers"));
}

bool config_names_keyring(const struct home *home, const char *key)
{
	struct toml *doc = NULL;
	bool named = false;

	if (config_file_read(home, &doc, NULL) != 0)
		return false;
	const struct toml_node *table = table_at(doc, PATH("providers"));
	for (const struct toml_node *node = table ? toml_first(table) : NULL; node; node = toml_next(node)) {
		const struct toml_node *oauth =
		    toml_kind(node) == TOML_TABLE ? toml_member(node, "oauth") : NULL;
		const char *storage = oauth ? config_member_text(oauth, "storage") : NULL;
		const char *its_key = oauth ? config_member_text(oauth, "key") : NULL;
		if (storage && its_key && strcmp(storage, "keyring") == 0 && strcmp(its_key, key) == 0)
			named = true;
	}
	toml_free(doc);
	return named;
}
