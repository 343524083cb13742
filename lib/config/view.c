#include "config/view.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/dialect.h"

#include <stdio.h>
#include <string.h>

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
	size_t size = strlen(platform->id) + strlen(id) + 2;
	char *key = memory_take(size);

	snprintf(key, size, "%s/%s", platform->id, id);
	return key;
}

const char *config_key_id(const struct platform *platform, const char *key)
{
	size_t len = strlen(platform->id);

	if (strncmp(key, platform->id, len) == 0 && key[len] == '/')
		return key + len + 1;
	return key;
}

const char *config_node_text(const struct toml_node *node)
{
	size_t len;

	const char *text = toml_string(node, &len);

	if (!text || strlen(text) != len) /* it contains a NUL */
		return NULL;
	return text;
}

const char *config_node_key(const struct toml_node *node)
{
	size_t len;
	const char *key = toml_key(node, &len);

	if (strlen(key) != len)
		return NULL;
	return key;
}

const char *config_text(const struct toml *doc, const char *const path[])
{
	return config_node_text(toml_get(doc, path));
}

const char *config_member_text(const struct toml_node *table, const char *key)
{
	return config_node_text(toml_member(table, key));
}

const struct toml_node *config_member_table(const struct toml_node *table, const char *key)
{
	const struct toml_node *node = toml_member(table, key);

	if (!toml_is(node, TOML_TABLE))
		return NULL;
	return node;
}

const struct toml_node *config_first_provider(const struct toml *doc)
{
	return toml_first(config_member_table(toml_root(doc), "providers"));
}

const struct toml_node *config_first_model(const struct toml *doc)
{
	return toml_first(config_member_table(toml_root(doc), "models"));
}

const struct toml_node *config_provider(
    const struct home *home, const struct toml *doc, const struct platform *platform)
{
	const struct toml_node *node = config_first_provider(doc), *found = NULL;
	char key[CONFIG_PROVIDER_MAX];

	config_provider_key(home, platform, key);
	for (; node; node = toml_next(node)) {
		const char *name = config_node_key(node);
		if (!toml_is(node, TOML_TABLE) || !config_is_provider_of(home, platform, name))
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
	const struct toml_node *model = toml_get(doc, PATH("models", key));

	return model && !config_is_model_of(home, model, platform);
}

const char *config_default_model(const struct toml *doc)
{
	const char *text = config_text(doc, PATH("default_model"));

	if (!text || !*text)
		return NULL;
	return text;
}

const struct platform *config_default_platform(const struct home *home, const struct toml *doc)
{
	const char *model = config_default_model(doc);

	if (!model)
		return NULL;
	const char *owner = config_text(doc, PATH("models", model, "provider"));
	for (const struct platform *p = platforms; p->id; p++)
		if (config_is_provider_of(home, p, owner))
			return p;
	return NULL;
}

const char *config_api_key(const struct home *home, const struct toml *doc, const struct platform *platform)
{
	const char *key = config_member_text(config_provider(home, doc, platform), "api_key");

	if (!key || !*key || !text_is_plain(key))
		return NULL;
	return key;
}

const struct toml_node *config_custom_headers(
    const struct home *home, const struct toml *doc, const struct platform *platform)
{
	return config_member_table(config_provider(home, doc, platform), "custom_headers");
}
