/*
 * The models in config.toml: updates from the platform's list, and the choice of the
 * default (edit.h, login.h).
 */
#include "config/edit.h"
#include "config/file.h"
#include "config/login.h"

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

/* The bit of a capability; 0: unknown. */
static unsigned capability_bit(const struct toml_node *item)
{
	const char *name = config_node_text(item);

	for (const struct model_capability_name *c = model_capability_names; name && c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c->bit;
	return 0;
}

/*
 * The known capabilities of an array. *ret_odd: it is not an array, or has unknown or
 * repeated items.
 */
static unsigned read_capabilities(const struct toml_node *list, bool *ret_odd)
{
	unsigned bits = 0;

	*ret_odd = !toml_is(list, TOML_ARRAY);
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
	if (!efforts) {
		editor_unset(e, path);
		return;
	}
	json_t *list = json_array();
	for (; *efforts; efforts++)
		json_array_append_new(list, json_string(*efforts));
	editor_set(e, path, list);
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
	/* Do not rewrite the same capabilities in another order. */
	unsigned there = read_capabilities(toml_get(e->doc, PATH("models", key, "capabilities")), &odd);
	if (!capabilities)
		editor_unset(e, PATH("models", key, "capabilities"));
	else if (odd || there != capabilities)
		editor_set(e, PATH("models", key, "capabilities"), capabilities_json(capabilities));
	editor_put_text(e, PATH("models", key, "display_name"), model->display_name);
	if (e->dialect->model_details)
		put_details(e, key, model);
}

/*
 * Writes the models of the list, except where the user has a table of his own under that
 * key. Adds all keys to `kept`. Returns the first model that was written, or NULL.
 */
static const struct model *put_list(struct editor *e, const struct editor_models *list, json_t *kept)
{
	const struct model *first = NULL;

	for (size_t i = 0; i < list->models->count; i++) {
		const struct model *model = &list->models->items[i];
		if (!dialect_takes_model(e->dialect, model))
			continue;
		char *key = config_model_key(list->platform, model->id);
		if (json_object_set_new(kept, key, json_true()) < 0) {
			e->failed = true;
		} else if (!config_is_own_model(e->home, e->doc, list->platform, key)) {
			put_model(e, list->provider, key, model);
			if (!first)
				first = model;
		}
		free(key);
	}
	return first;
}

bool editor_is_alias(const struct editor *e, const struct platform *platform, const struct toml_node *model)
{
	const char *key = toml_key(model, NULL);

	return e->dialect->keeps_aliases && config_key_id(platform, key) == key;
}

/*
 * Removes the platform's models that are not in `kept`, and adds the keys of all other
 * models to it.
 */
static void remove_others(struct editor *e, const struct platform *platform, json_t *kept)
{
	for (const struct toml_node *node = config_first_model(e->doc); node; node = toml_next(node)) {
		const char *key = config_node_key(node); /* NULL: it contains a NUL */
		if (key && json_object_get(kept, key))
			continue;
		if (config_is_model_of(e->home, node, platform) && !editor_is_alias(e, platform, node))
			editor_unset_node(e, node);
		else if (key)
			json_object_set_new(kept, key, json_true());
	}
}

static int truth_at(const struct toml *doc, const char *const path[])
{
	const struct toml_node *node = toml_get(doc, path);

	if (!toml_is(node, TOML_BOOLEAN))
		return -1;
	return toml_boolean(node);
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

/* The switch for a model. Some models leave no choice; `wanted` -1: on. */
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

/*
 * Makes `first` the default; if it is NULL, another model of `kept`; if there is none,
 * unsets the default.
 */
static void move_default(
    struct editor *e, const struct platform *platform, const struct model *first, const json_t *kept)
{
	if (first) {
		char *key = config_model_key(platform, first->id);
		int wanted = -1;
		if (e->dialect->keeps_thinking)
			wanted = editor_thinking(e);
		editor_set_text(e, PATH("default_model"), key);
		editor_set_thinking(e, thinking_for(first->capabilities, wanted));
		free(key);
		return;
	}
	const char *left = json_object_iter_key(json_object_iter((json_t *)kept));
	if (left)
		editor_set_text(e, PATH("default_model"), left);
	else
		editor_unset(e, PATH("default_model"));
}

void editor_put_models(struct editor *e, const struct editor_models *list)
{
	const char *chosen = config_default_model(e->doc);
	json_t *kept = json_object();
	const struct model *first = put_list(e, list, kept);

	remove_others(e, list->platform, kept);
	/* Choose a new default only if the old one is gone, not because the list is empty. */
	bool gone = chosen && !json_object_get(kept, chosen);
	if (gone || (first && (list->choose_default || !chosen)))
		move_default(e, list->platform, first, kept);
	json_decref(kept);
}

void editor_complete_thinking(struct editor *e, const struct platform *platform, const struct models *models)
{
	const char *chosen = config_default_model(e->doc);

	if (!e->dialect->keeps_thinking || editor_thinking(e) >= 0)
		return;
	for (size_t i = 0; chosen && i < models->count; i++) {
		char *key = config_model_key(platform, models->items[i].id);
		if (strcmp(key, chosen) == 0 && !config_is_own_model(e->home, e->doc, platform, key))
			editor_set_thinking(e, thinking_for(models->items[i].capabilities, -1));
		free(key);
	}
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
		return account_needs_login(&(struct account){.platform = sync->platform, .home = home},
		    ERR_CONFIG, err, "config.toml has no provider %s", provider);
	const struct editor_models list = {
	    .platform = sync->platform, .provider = config_node_key(there), .models = sync->models};
	editor_put_models(&e, &list);
	return editor_finish(&e, err);
}

int config_sync_models(
    const struct home *home, const struct config_sync *sync, bool *ret_changed, struct err *err)
{
	struct config_change change = {.edit = config_edit_sync, .context = (void *)sync};

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
		    err, ERR_CONFIG, "run the command again", "the model was removed from config.toml");
	unsigned bits = read_capabilities(toml_get(doc, PATH("models", use->key, "capabilities")), &odd);
	if (thinking < 0)
		thinking = editor_thinking(&e);
	/* Without the switch kimi-cli does not think. For kimi-code a login sets it to what the model can. */
	if (thinking < 0 && !e.dialect->keeps_thinking)
		thinking = 0;
	bool on = thinking_for(bits, thinking);
	editor_set_text(&e, PATH("default_model"), use->key);
	editor_set_thinking(&e, on);
	if (use->ret_on)
		*use->ret_on = on;
	return editor_finish(&e, err);
}

int config_use_model(const struct home *home, const char *key, int thinking, bool *ret_on, struct err *err)
{
	struct config_use use = {key, thinking, ret_on};
	struct config_change change = {.edit = config_edit_use, .context = &use};

	return config_file_change(home, &change, err);
}
