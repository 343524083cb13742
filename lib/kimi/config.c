#include "kimi/config.h"

#include "kimi/config_file.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128, URL_MAX_BYTES = PLATFORM_URL_MAX + 64 };

#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

/* An edit under way; after the first failure nothing more is noted. */
struct editor {
	struct toml *doc;
	struct toml_error error;
	bool failed;
};

static void set(struct editor *e, const char *const path[], json_t *value /* taken */)
{
	if (!value)
		e->failed = true;
	if (!e->failed && toml_set(e->doc, path, value, &e->error) < 0)
		e->failed = true;
	json_decref(value);
}

static void set_text(struct editor *e, const char *const path[], const char *text)
{
	set(e, path, json_string(text));
}

static void set_text_if_absent(struct editor *e, const char *const path[], const char *text)
{
	if (!toml_get(e->doc, path))
		set_text(e, path, text);
}

static void unset(struct editor *e, const char *const path[])
{
	if (!e->failed && toml_remove(e->doc, path, &e->error) < 0)
		e->failed = true;
}

static int finish(const struct editor *e, struct err *err)
{
	if (!e->failed)
		return 0;
	return *e->error.message ? config_file_error(&e->error, err) : err_memory(err);
}

/* The text at a path, NULL if there is none or it is something else. */
static const char *text_at(const struct toml *doc, const char *const path[])
{
	const struct toml_node *node = toml_get(doc, path);

	return node && toml_kind(node) == TOML_STRING ? toml_string(node, NULL) : NULL;
}

static const char *member_text(const struct toml_node *table, const char *key)
{
	const struct toml_node *node = toml_kind(table) == TOML_TABLE ? toml_member(table, key) : NULL;

	return node && toml_kind(node) == TOML_STRING ? toml_string(node, NULL) : NULL;
}

static void provider_key(const struct platform *platform, char ret_key[NAME_MAX_BYTES])
{
	snprintf(ret_key, NAME_MAX_BYTES, "managed:%s", platform->id);
}

char *config_model_key(const struct platform *platform, const char *id)
{
	char *key = NULL;

	return asprintf(&key, "%s/%s", platform->id, id) < 0 ? NULL : key;
}

bool config_has_login(const struct toml *doc, const struct platform *platform)
{
	char provider[NAME_MAX_BYTES];

	provider_key(platform, provider);
	return toml_get(doc, PATH("providers", provider)) != NULL;
}

const char *config_default_model(const struct toml *doc)
{
	const char *text = text_at(doc, PATH("default_model"));

	return text && *text ? text : NULL;
}

static json_t *capabilities_json(const struct model *model)
{
	json_t *list = json_array();

	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (model->capabilities & c->bit)
			json_array_append_new(list, json_string(c->name));
	return list;
}

/* The same capabilities in another order are no change. */
static bool has_capabilities(const struct toml *doc, const char *key, const struct model *model)
{
	const struct toml_node *list = toml_get(doc, PATH("models", key, "capabilities"));
	unsigned bits = 0;

	if (!list || toml_kind(list) != TOML_ARRAY)
		return false;
	for (const struct toml_node *item = toml_first(list); item; item = toml_next(item)) {
		const struct model_capability_name *c = model_capability_names;
		while (c->name &&
		       (toml_kind(item) != TOML_STRING || strcmp(c->name, toml_string(item, NULL)) != 0))
			c++;
		if (!c->name || (bits & c->bit))
			return false;
		bits |= c->bit;
	}
	return bits == model->capabilities;
}

static void put_model(struct editor *e, const char *provider, const char *key, const struct model *model)
{
	set_text(e, PATH("models", key, "provider"), provider);
	set_text(e, PATH("models", key, "model"), model->id);
	set(e, PATH("models", key, "max_context_size"), json_integer(model->context_length));
	if (!model->capabilities)
		unset(e, PATH("models", key, "capabilities"));
	else if (!has_capabilities(e->doc, key, model))
		set(e, PATH("models", key, "capabilities"), capabilities_json(model));
	if (model->display_name)
		set_text(e, PATH("models", key, "display_name"), model->display_name);
	else
		unset(e, PATH("models", key, "display_name"));
}

/* The models there will be: those of other providers, and the list. Its first key is the first of the list. */
static json_t *put_models(struct editor *e, const struct platform *platform, const struct models *models)
{
	char provider[NAME_MAX_BYTES];
	json_t *there = json_object();
	const struct toml_node *table = toml_get(e->doc, PATH("models"));

	provider_key(platform, provider);
	for (size_t i = 0; i < models->count; i++) {
		char *key = config_model_key(platform, models->items[i].id);
		if (!key || json_object_set_new(there, key, json_true()) < 0)
			e->failed = true;
		else
			put_model(e, provider, key, &models->items[i]);
		free(key);
	}
	if (!table || toml_kind(table) != TOML_TABLE)
		return there;
	for (const struct toml_node *node = toml_first(table); node; node = toml_next(node)) {
		const char *key = toml_key(node, NULL), *owner = member_text(node, "provider");
		if (json_object_get(there, key))
			continue;
		if (owner && strcmp(owner, provider) == 0)
			unset(e, PATH("models", key));
		else
			json_object_set_new(there, key, json_true());
	}
	return there;
}

static bool can_think(const struct model *model)
{
	return model->capabilities & (MODEL_THINKING | MODEL_ALWAYS_THINKING);
}

/* Makes the list's first model the default; without one, any model that is left, or none at all. */
static void move_default(
    struct editor *e, const struct platform *platform, const struct models *models, const json_t *there)
{
	if (models->count) {
		char *key = config_model_key(platform, models->items[0].id);
		if (key)
			set_text(e, PATH("default_model"), key);
		else
			e->failed = true;
		set(e, PATH("default_thinking"), json_boolean(can_think(&models->items[0])));
		free(key);
		return;
	}
	const char *left = json_object_iter_key(json_object_iter((json_t *)there));
	if (left)
		set_text(e, PATH("default_model"), left);
	else
		unset(e, PATH("default_model"));
}

static void put_services(struct editor *e, const struct config_login *login, const char *base_url)
{
	for (const char *const(*service)[2] = login->platform->services; (*service)[0]; service++) {
		const char *name = (*service)[0];
		char url[URL_MAX_BYTES];
		snprintf(url, sizeof(url), "%s/%s", base_url, (*service)[1]);
		set_text(e, PATH("services", name, "base_url"), url);
		set_text_if_absent(e, PATH("services", name, "api_key"), "");
		set(e, PATH("services", name, "oauth"),
		    json_pack("{s:s, s:s}", "storage", login->storage, "key", login->key));
	}
}

static int add_login(struct toml *doc, void *context, struct err *err)
{
	const struct config_login *login = context;
	const struct platform *platform = login->platform;
	struct editor e = {.doc = doc};
	char provider[NAME_MAX_BYTES], base_url[PLATFORM_URL_MAX];
	bool was_there = config_has_login(doc, platform);

	if (platform_base_url(platform, base_url, err) < 0)
		return -1;
	provider_key(platform, provider);
	set_text(&e, PATH("providers", provider, "type"), "kimi");
	set_text(&e, PATH("providers", provider, "base_url"), base_url);
	set_text_if_absent(&e, PATH("providers", provider, "api_key"), "");
	set(&e, PATH("providers", provider, "oauth"),
	    json_pack("{s:s, s:s}", "storage", login->storage, "key", login->key));
	if (login->models) {
		json_t *there = put_models(&e, platform, login->models);
		const char *chosen = config_default_model(doc);
		if (!was_there || !chosen || !json_object_get(there, chosen))
			move_default(&e, platform, login->models, there);
		json_decref(there);
	}
	put_services(&e, login, base_url);
	return finish(&e, err);
}

int config_add_login(const struct home *home, const struct config_login *login, struct err *err)
{
	return config_file_change(home, add_login, (void *)login, NULL, err);
}

struct sync {
	const struct platform *platform;
	const struct models *models;
};

static int sync_models(struct toml *doc, void *context, struct err *err)
{
	const struct sync *sync = context;
	struct editor e = {.doc = doc};

	if (!config_has_login(doc, sync->platform))
		return err_set(err, ERR_CONFIG, "run 'kimi login'", "config.toml has no provider managed:%s",
		    sync->platform->id);
	json_t *there = put_models(&e, sync->platform, sync->models);
	const char *chosen = config_default_model(doc);
	/* A login whose model list failed left no default behind: the first sync gives it one. */
	if (!chosen || !json_object_get(there, chosen))
		move_default(&e, sync->platform, sync->models, there);
	json_decref(there);
	return finish(&e, err);
}

int config_sync_models(const struct home *home, const struct platform *platform, const struct models *models,
    bool *ret_changed, struct err *err)
{
	struct sync sync = {platform, models};

	return config_file_change(home, sync_models, &sync, ret_changed, err);
}

/* A service is ours if it uses our tokens; one that the user keeps with a key of their own is theirs. */
static void remove_services(struct editor *e, const struct platform *platform)
{
	for (const char *const(*service)[2] = platform->services; (*service)[0]; service++) {
		const char *name = (*service)[0];
		const char *key = text_at(e->doc, PATH("services", name, "oauth", "key"));
		size_t n = platform->oauth_key ? strlen(platform->oauth_key) : 0;
		if (key && n && strncmp(key, platform->oauth_key, n) == 0)
			unset(e, PATH("services", name));
	}
}

static int remove_login(struct toml *doc, void *context, struct err *err)
{
	const struct platform *platform = context;
	struct editor e = {.doc = doc};
	char provider[NAME_MAX_BYTES];
	const char *chosen = config_default_model(doc);
	const struct toml_node *table = toml_get(doc, PATH("models"));
	bool had_default = false;

	provider_key(platform, provider);
	if (table && toml_kind(table) == TOML_TABLE) {
		for (const struct toml_node *node = toml_first(table); node; node = toml_next(node)) {
			const char *key = toml_key(node, NULL), *owner = member_text(node, "provider");
			if (!owner || strcmp(owner, provider) != 0)
				continue;
			had_default = had_default || (chosen && strcmp(chosen, key) == 0);
			unset(&e, PATH("models", key));
		}
	}
	unset(&e, PATH("providers", provider));
	remove_services(&e, platform);
	if (had_default) {
		unset(&e, PATH("default_model"));
		unset(&e, PATH("default_thinking"));
	}
	return finish(&e, err);
}

int config_remove_login(
    const struct home *home, const struct platform *platform, bool *ret_changed, struct err *err)
{
	struct toml *doc = NULL;
	int answer = config_file_read(home, &doc, err);

	/* Where there is no config there is nothing to take away, and none is to be made. */
	toml_free(doc);
	if (answer) {
		*ret_changed = false;
		return answer < 0 ? -1 : 0;
	}
	return config_file_change(home, remove_login, (void *)platform, ret_changed, err);
}

struct storage {
	const struct platform *platform;
	const char *name;
};

static int set_storage(struct toml *doc, void *context, struct err *err)
{
	const struct storage *storage = context;
	struct editor e = {.doc = doc};
	char provider[NAME_MAX_BYTES];

	provider_key(storage->platform, provider);
	if (toml_get(doc, PATH("providers", provider, "oauth", "storage")))
		set_text(&e, PATH("providers", provider, "oauth", "storage"), storage->name);
	for (const char *const(*service)[2] = storage->platform->services; (*service)[0]; service++)
		if (toml_get(doc, PATH("services", (*service)[0], "oauth", "storage")))
			set_text(&e, PATH("services", (*service)[0], "oauth", "storage"), storage->name);
	return finish(&e, err);
}

int config_set_storage(
    const struct home *home, const struct platform *platform, const char *storage, struct err *err)
{
	struct storage context = {platform, storage};
	struct toml *doc = NULL;
	int answer = config_file_read(home, &doc, err);

	toml_free(doc);
	if (answer)
		return answer < 0 ? -1 : 0;
	return config_file_change(home, set_storage, &context, NULL, err);
}

bool config_names_keyring(const struct home *home, const char *key)
{
	struct toml *doc = NULL;
	bool named = false;

	if (config_file_read(home, &doc, NULL) != 0)
		return false;
	const struct toml_node *table = toml_get(doc, PATH("providers"));
	for (const struct toml_node *node = table && toml_kind(table) == TOML_TABLE ? toml_first(table)
	                                                                            : NULL;
	     node; node = toml_next(node)) {
		const struct toml_node *oauth =
		    toml_kind(node) == TOML_TABLE ? toml_member(node, "oauth") : NULL;
		const char *storage = oauth ? member_text(oauth, "storage") : NULL;
		const char *its_key = oauth ? member_text(oauth, "key") : NULL;
		if (storage && its_key && strcmp(storage, "keyring") == 0 && strcmp(its_key, key) == 0)
			named = true;
	}
	toml_free(doc);
	return named;
}
