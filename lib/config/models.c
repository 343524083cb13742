/* The models of config.h: kept up to the list of their platform, and the choice of the default. */
#include "config/edit.h"
#include "config/file.h"
#include "config/login.h"
#include "config/view.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_THINKING PATH("default_thinking") /* of kimi-cli */

static json_t *capabilities_json(unsigned capabilities)
{
	json_t *list = json_array();

	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (capabilities & c->bit)
			json_array_append_new(list, json_string(c->name));
	return list;
}

/* The bit of a capability; 0: it is none that is known. */
static unsigned capability_bit(const struct toml_node *item)
{
	const char *name = config_node_text(item);

	for (const struct model_capability_name *c = model_capability_names; name && c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c->bit;
	return 0;
}

/* The known bits of a capabilities array (NULL: none). *ret_odd: it is no array, or holds something else, or one twice. */
static unsigned read_capabilities(const struct toml_node *list, bool *ret_odd)
{
	unsigned bits = 0;

	*ret_odd = !list || toml_kind(list) != TOML_ARRAY;
	if (*ret_odd)
		return 0;
	for (const struct toml_node *item = toml_first(list); item; item = toml_next(item)) {
		unsigned bit = capability_bit(item);
		*ret_odd = *ret_odd || !bit || (bits & bit);
		bits |= bit;
	}
	return bits;
}

static void put_flag(struct editor *e, const char *const path[], bool on)
{
	if (on)
		editor_set(e, path, json_true());
	else
		editor_unset(e, path);
}

static void put_efforts(struct editor *e, const char *const path[], char *const efforts[])
{
	json_t *list = json_array();

	for (char *const *effort = efforts; effort && *effort; effort++)
		json_array_append_new(list, json_string(*effort));
	if (efforts) {
		editor_set(e, path, list);
		return;
	}
	json_decref(list);
	editor_unset(e, path);
}

static void put_details(struct editor *e, const char *key, const struct model *model)
{
	bool anthropic = model->protocol && strcmp(model->protocol, "anthropic") == 0;

	put_efforts(e, PATH("models", key, "support_efforts"), model->efforts);
	editor_put_text(e, PATH("models", key, "default_effort"), model->default_effort);
	editor_put_text(e, PATH("models", key, "protocol"), model->protocol);
	put_flag(e, PATH("models", key, "beta_api"), anthropic);
	put_flag(
	    e, PATH("models", key, "adaptive_thinking"), anthropic && (model->capabilities & MODEL_THINKING));
}

static void put_model(struct editor *e, const char *provider, const char *key, const struct model *model)
{
	unsigned capabilities = model->capabilities & e->dialect->capabilities;
	bool odd;

	editor_set_text(e, PATH("models", key, "provider"), provider);
	editor_set_text(e, PATH("models", key, "model"), model->id);
	editor_set(e, PATH("models", key, "max_context_size"), json_integer(model->context_length));
	/* The same capabilities in another order are no change. */
	unsigned there = read_capabilities(toml_get(e->doc, PATH("models", key, "capabilities")), &odd);
	if (!capabilities)
		editor_unset(e, PATH("models", key, "capabilities"));
	else if (odd || there != capabilities)
		editor_set(e, PATH("models", key, "capabilities"), capabilities_json(capabilities));
	editor_put_text(e, PATH("models", key, "display_name"), model->display_name);
	if (e->dialect->model_details)
		put_details(e, key, model);
}

/* The models of the list; *ret_first is the first that is the platform's. A table of the user's own keeps its key. */
static void put_list(struct editor *e, const struct platform *platform, const char *provider,
    const struct models *models, json_t *there, const struct model **ret_first)
{
	*ret_first = NULL;
	for (size_t i = 0; i < models->count; i++) {
		const struct model *model = &models->items[i];
		if (!dialect_takes_model(e->dialect, model))
			continue;
		char *key = config_model_key(platform, model->id);
		if (!key || json_object_set_new(there, key, json_true()) < 0) {
			e->failed = true;
		} else if (!config_is_own_model(e->home, e->doc, platform, key)) {
			put_model(e, provider, key, model);
			if (!*ret_first)
				*ret_first = model;
		}
		free(key);
	}
}

bool editor_is_alias(const struct editor *e, const struct platform *platform, const struct toml_node *model)
{
	const char *key = toml_key(model, NULL);
	size_t len = strlen(platform->id);

	return e->dialect->keeps_aliases && !(strncmp(key, platform->id, len) == 0 && key[len] == '/');
}

/* Removes the platform's models that are not there any more, and adds the keys of all others to `there`. */
static void remove_others(struct editor *e, const struct platform *platform, json_t *there)
{
	for (const struct toml_node *node = config_first_model(e->doc); node; node = toml_next(node)) {
		const char *key = config_node_key(node); /* NULL: no list has it, and no default names it */
		if (key && json_object_get(there, key))
			continue;
		if (config_is_model_of(e->home, node, platform) && !editor_is_alias(e, platform, node))
			editor_unset_node(e, node);
		else if (key)
			json_object_set_new(there, key, json_true());
	}
}

static int truth_at(const struct toml *doc, const char *const path[])
{
	const struct toml_node *node = toml_get(doc, path);

	return node && toml_kind(node) == TOML_BOOLEAN ? toml_boolean(node) : -1;
}

int editor_thinking(const struct editor *e)
{
	int on = truth_at(e->doc, e->dialect->thinking);

	if (on < 0 && e->dialect->is_migrated)
		on = truth_at(e->doc, DEFAULT_THINKING);
	return on;
}

void editor_set_thinking(struct editor *e, bool on)
{
	editor_set(e, e->dialect->thinking, json_boolean(on));
	if (e->dialect->is_migrated)
		editor_unset(e, DEFAULT_THINKING);
}

/* The switch for a model: where it leaves no choice what it does, else `wanted`, else (-1) that it thinks. */
static bool thinking_for(unsigned capabilities, int wanted)
{
	if (capabilities & MODEL_ALWAYS_THINKING)
		return true;
	return (capabilities & MODEL_THINKING) && wanted != 0;
}

void editor_unset_thinking(struct editor *e, const struct toml_node *model)
{
	const char *const *path = e->dialect->thinking;
	const struct toml_node *table = toml_get(e->doc, PATH(path[0]));
	int on = truth_at(e->doc, path);
	bool odd;

	if (e->dialect->is_migrated)
		editor_unset(e, DEFAULT_THINKING);
	unsigned bits = read_capabilities(toml_member(model, "capabilities"), &odd);
	if (e->dialect->keeps_thinking && on != thinking_for(bits, -1))
		return;
	if (path[1] && toml_next(toml_first(table)))
		editor_unset(e, path);
	else
		editor_unset(e, PATH(path[0]));
}

/* To `first`; without it, to any model that is left, or to none at all. */
static void move_default(
    struct editor *e, const struct platform *platform, const struct model *first, const json_t *there)
{
	if (first) {
		char *key = config_model_key(platform, first->id);
		int wanted = e->dialect->keeps_thinking ? editor_thinking(e) : -1;
		if (key)
			editor_set_text(e, PATH("default_model"), key);
		else
			e->failed = true;
		editor_set_thinking(e, thinking_for(first->capabilities, wanted));
		free(key);
		return;
	}
	const char *left = json_object_iter_key(json_object_iter((json_t *)there));
	if (left)
		editor_set_text(e, PATH("default_model"), left);
	else
		editor_unset(e, PATH("default_model"));
}

void editor_put_models(struct editor *e, const struct platform *platform, const char *provider,
    const struct models *models, bool choose)
{
	const char *chosen = config_default_model(e->doc);
	const struct model *first;
	json_t *there = json_object();

	put_list(e, platform, provider, models, there, &first);
	remove_others(e, platform, there);
	/* An empty list is no reason to choose anew, only a default that is gone is. */
	bool gone = chosen && !json_object_get(there, chosen);
	if (gone || (first && (choose || !chosen)))
		move_default(e, platform, first, there);
	json_decref(there);
}

int config_edit_sync(const struct home *home, struct toml *doc, void *context, struct err *err)
{
	const struct config_sync *sync = context;
	struct editor e = editor_of(home, doc);
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(home, sync->platform, provider);
	const struct toml_node *there = config_provider(home, doc, sync->platform);
	if (!there && toml_get(doc, PATH("providers", provider)))
		return err_set(err, ERR_CONFIG, "correct the file by hand, then run 'kimi login'",
		    "config.toml: the provider %s is not a table", provider);
	if (!there)
		return err_set(
		    err, ERR_CONFIG, "run 'kimi login'", "config.toml has no provider %s", provider);
	editor_put_models(&e, sync->platform, config_node_key(there), sync->models, false);
	return editor_finish(&e, err);
}

int config_sync_models(const struct home *home, const struct platform *platform, const struct models *models,
    bool *ret_changed, struct err *err)
{
	struct config_sync sync = {platform, models};
	struct config_change change = {.edit = config_edit_sync, .context = &sync};

	if (config_file_change(home, &change, err) < 0)
		return -1;
	*ret_changed = change.changed;
	return 0;
}

int config_edit_use(const struct home *home, struct toml *doc, void *context, struct err *err)
{
	const struct config_use *use = context;
	struct editor e = editor_of(home, doc);
	int thinking = use->thinking;
	bool odd;

	if (!toml_get(doc, PATH("models", use->key)))
		return err_set(
		    err, ERR_CONFIG, "run the command again", "the model is gone from config.toml");
	unsigned bits = read_capabilities(toml_get(doc, PATH("models", use->key, "capabilities")), &odd);
	if (thinking < 0)
		thinking = editor_thinking(&e) > 0;
	editor_set_text(&e, PATH("default_model"), use->key);
	editor_set_thinking(&e, thinking_for(bits, thinking));
	return editor_finish(&e, err);
}

int config_use_model(const struct home *home, const char *key, int thinking, struct err *err)
{
	struct config_use use = {key, thinking};
	struct config_change change = {.edit = config_edit_use, .context = &use};

	return config_file_change(home, &change, err);
}
