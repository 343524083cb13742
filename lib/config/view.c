#include "config/view.h"

#include "base/text.h"
#include "config/dialect.h"
#include "config/file.h"

#include <stdio.h>
#include <string.h>

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char managed[] = "managed:";

void config_provider_key(
    const struct home *home, const struct platform *platform, char ret_key[CONFIG_PROVIDER_MAX])
{
	const char *prefix = managed;

	if (!platform->oauth_key)
		prefix = config_dialect(home)->key_provider_prefix;
	snprintf(ret_key, CONFIG_PROVIDER_MAX, "%s%s", prefix, platform->id);
}

bool config_is_provider_of(const struct home *home, const struct platform *platform, const char *name)
{
	char key[CONFIG_PROVIDER_MAX];

	config_provider_key(home, platform, key);
	if (!name || strcmp(name, key) == 0)
		return name;
	return config_dialect(home)->is_migrated && strncmp(name, managed, strlen(managed)) == 0 &&
	       strcmp(name + strlen(managed), platform->id) == 0;
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

const struct toml_node *config_provider(
    const struct home *home, const struct toml *doc, const struct platform *platform)
{
	const struct toml_node *table = table_at(doc, PATH("providers"));
	const struct toml_node *node = table ? toml_first(table) : NULL, *found = NULL;
	char key[CONFIG_PROVIDER_MAX];

	config_provider_key(home, platform, key);
	for (; node; node = toml_next(node)) {
		const char *name = config_node_key(node);
		if (toml_kind(node) != TOML_TABLE || !config_is_provider_of(home, platform, name))
			continue;
		if (strcmp(name, key) == 0)
			return node;
		found = node;
	}
	return found;
}

bool config_is_model_of(
    const struct home *home, const struct toml_node *model, const struct platform *platform)
{
	return config_is_provider_of(home, platform, config_member_text(model, "provider"));
}

bool config_is_own_model(
    const struct home *home, const struct toml *doc, const struct platform *platform, const char *key)
{
	const struct toml_node *model = doc ? toml_get(doc, PATH("models", key)) : NULL;

	return model && !config_is_model_of(home, model, platform);
}

const char *config_default_model(const struct toml *doc)
{
	const char *text = config_text(doc, PATH("default_model"));

	return text && *text ? text : NULL;
}

const struct platform *config_default_platform(const struct home *home, const struct toml *doc)
{
	const char *model = config_default_model(doc);
	const char *owner = model ? config_text(doc, PATH("models", model, "provider")) : NULL;

	for (const struct platform *p = platforms; p->id; p++)
		if (config_is_provider_of(home, p, owner))
			return p;
	return NULL;
}

const struct platform *config_default_platform_at(const struct home *home)
{
	struct toml *doc = NULL;
	const struct platform *platform =
	    config_file_read(home, &doc, NULL) == 0 ? config_default_platform(home, doc) : NULL;

	toml_free(doc);
	return platform;
}

const char *config_api_key(const struct home *home, const struct toml *doc, const struct platform *platform)
{
	const struct toml_node *provider = config_provider(home, doc, platform);
	const char *key = provider ? config_member_text(provider, "api_key") : NULL;

	return key && *key && text_is_plain(key) ? key : NULL;
}

const struct toml_node *config_custom_headers(
    const struct home *home, const struct toml *doc, const struct platform *platform)
{
	const struct toml_node *provider = config_provider(home, doc, platform);
	const struct toml_node *headers = provider ? toml_member(provider, "custom_headers") : NULL;

	return headers && toml_kind(headers) == TOML_TABLE ? headers : NULL;
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
