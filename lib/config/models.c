/* The models of config.h: kept up to the list of their platform, and the choice of the default. */
#include "config/edit.h"
#include "config/file.h"
#include "config/login.h"
#include "config/view.h"

#include <stdlib.h>
#include <string.h>

static json_t *capabilities_json(const struct model *model)
{
	json_t *list = json_array();

	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (model->capabilities & c->bit)
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

static void put_model(struct editor *e, const char *provider, const char *key, const struct model *model)
{
	bool odd;

	editor_set_text(e, PATH("models", key, "provider"), provider);
	editor_set_text(e, PATH("models", key, "model"), model->id);
	editor_set(e, PATH("models", key, "max_context_size"), json_integer(model->context_length));
	/* The same capabilities in another order are no change. */
	unsigned there = read_capabilities(toml_get(e->doc, PATH("models", key, "capabilities")), &odd);
	if (!model->capabilities)
		editor_unset(e, PATH("models", key, "capabilities"));
	else if (odd || there != model->capabilities)
		editor_set(e, PATH("models", key, "capabilities"), capabilities_json(model));
	if (model->display_name)
		editor_set_text(e, PATH("models", key, "display_name"), model->display_name);
	else
		editor_unset(e, PATH("models", key, "display_name"));
}

/* The models of the list; *ret_first is the first that is the platform's. A table of the user's own keeps its key. */
static void put_list(struct editor *e, const struct platform *platform, const struct models *models,
    json_t *there, const struct model **ret_first)
{
	char provider[CONFIG_PROVIDER_MAX];

	*ret_first = NULL;
	config_provider_key(platform, provider);
	for (size_t i = 0; i < models->count; i++) {
		const struct model *model = &models->items[i];
		char *key = config_model_key(platform, model->id);
		if (!key || json_object_set_new(there, key, json_true()) < 0) {
			e->failed = true;
		} else if (!config_is_own_model(e->doc, platform, key)) {
			put_model(e, provider, key, model);
			if (!*ret_first)
				*ret_first = model;
		}
		free(key);
	}
}

/* Removes the platform's models that are not there any more, and adds the keys of all others to `there`. */
static void remove_others(struct editor *e, const struct platform *platform, json_t *there)
{
	for (const struct toml_node *node = config_first_model(e->doc); node; node = toml_next(node)) {
		const char *key = config_node_key(node); /* NULL: no list has it, and no default names it */
		if (key && json_object_get(there, key))
			continue;
		if (config_is_model_of(node, platform))
			editor_unset_node(e, node);
		else if (key)
			json_object_set_new(there, key, json_true());
	}
}

/* To `first`; without it, to any model that is left, or to none at all. */
static void move_default(
    struct editor *e, const struct platform *platform, const struct model *first, const json_t *there)
{
	if (first) {
		char *key = config_model_key(platform, first->id);
		bool thinks = first->capabilities & (MODEL_THINKING | MODEL_ALWAYS_THINKING);
		if (key)
			editor_set_text(e, PATH("default_model"), key);
		else
			e->failed = true;
		editor_set(e, PATH("default_thinking"), json_boolean(thinks));
		free(key);
		return;
	}
	const char *left = json_object_iter_key(json_object_iter((json_t *)there));
	if (left)
		editor_set_text(e, PATH("default_model"), left);
	else
		editor_unset(e, PATH("default_model"));
}

void editor_put_models(
    struct editor *e, const struct platform *platform, const struct models *models, bool choose)
{
	const char *chosen = config_default_model(e->doc);
	const struct model *first;
	json_t *there = json_object();

	put_list(e, platform, models, there, &first);
	remove_others(e, platform, there);
	/* An empty list is no reason to choose anew, only a default that is gone is. */
	bool gone = chosen && !json_object_get(there, chosen);
	if (gone || (first && (choose || !chosen)))
		move_default(e, platform, first, there);
	json_decref(there);
}

int config_edit_sync(struct toml *doc, void *context, struct err *err)
{
	const struct config_sync *sync = context;
	struct editor e = {.doc = doc};
	char provider[CONFIG_PROVIDER_MAX];

	config_provider_key(sync->platform, provider);
	if (!toml_get(doc, PATH("providers", provider)))
		return err_set(
		    err, ERR_CONFIG, "run 'kimi login'", "config.toml has no provider %s", provider);
	if (!config_has_login(doc, sync->platform))
		return err_set(err, ERR_CONFIG, "correct the file by hand, then run 'kimi login'",
		    "config.toml: the provider %s is not a table", provider);
	editor_put_models(&e, sync->platform, sync->models, false);
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

int config_edit_use(struct toml *doc, void *context, struct err *err)
{
	const struct config_use *use = context;
	struct editor e = {.doc = doc};
	const struct toml_node *was = toml_get(doc, PATH("default_thinking"));
	bool thinking =
	    use->thinking >= 0 ? use->thinking : was && toml_kind(was) == TOML_BOOLEAN && toml_boolean(was);
	bool odd;

	if (!toml_get(doc, PATH("models", use->key)))
		return err_set(
		    err, ERR_CONFIG, "run the command again", "the model is gone from config.toml");
	unsigned bits = read_capabilities(toml_get(doc, PATH("models", use->key, "capabilities")), &odd);
	if (bits & MODEL_ALWAYS_THINKING)
		thinking = true;
	else if (!(bits & MODEL_THINKING))
		thinking = false;
	editor_set_text(&e, PATH("default_model"), use->key);
	editor_set(&e, PATH("default_thinking"), json_boolean(thinking));
	return editor_finish(&e, err);
}

int config_use_model(const struct home *home, const char *key, int thinking, struct err *err)
{
	struct config_use use = {key, thinking};
	struct config_change change = {.edit = config_edit_use, .context = &use};

	return config_file_change(home, &change, err);
}
