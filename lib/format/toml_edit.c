#include "format/toml_internal.h"

#include <string.h>

/* ---- the values of edits ---- */

/* Steals `value`; NULL: takes the last one away. */
static void edit_give(struct toml *doc, struct toml_node *node, json_t *value)
{
	if (value && !node->want) {
		node->want = toml_alloc(doc, sizeof(*node->want));
		node->want->next = doc->wants;
		doc->wants = node->want;
	}
	if (node->want) {
		json_decref(node->want->value);
		node->want->value = value;
	}
}

static void forget_edits(struct toml *doc, struct toml_node *node);

/* Forgets all edits inside a value. */
static void forget_inside(struct toml *doc, struct toml_node *node)
{
	if (node->kind != TOML_TABLE)
		return; /* there are no edits inside an array */
	for (struct toml_node *child = node->table->new_first; child; child = child->next)
		child->gone = true;
	node->table->new_first = node->table->new_last = NULL;
	for (struct toml_node *child = node->u.children.first; child; child = child->next)
		forget_edits(doc, child);
}

static void forget_edits(struct toml *doc, struct toml_node *node)
{
	node->gone = false;
	edit_give(doc, node, NULL);
	forget_inside(doc, node);
}

/* Forgets an edit that sets the same value as the source. */
static void edit_settle(struct toml *doc, struct toml_node *node)
{
	const json_t *wanted = toml_node_wanted(node);

	if (!node->is_new && wanted && toml_same_json(node, wanted))
		edit_give(doc, node, NULL);
}

static struct toml_node *add_new(
    struct toml *doc, struct toml_node *parent, struct toml_text key, enum toml_kind kind)
{
	struct toml_node *node = toml_node_new(doc, kind, kind == TOML_TABLE ? FORM_IMPLICIT : FORM_VALUE);

	node->is_new = true;
	toml_node_attach(doc, parent, node, &key);
	return node;
}

/* ---- errors ---- */

static int fail_at(
    struct toml_error *error, const struct toml *doc, const struct toml_node *node, const char *reason)
{
	if (node->is_new)
		return toml_error_nowhere(error, reason);
	toml_error_at(error, doc, node->begin, reason);
	return -1;
}

static int toml_edit_check_path(const char *const path[], int value_depth, struct toml_error *error)
{
	size_t count = 0;

	for (; path[count]; count++) {
		if (!toml_utf8_valid(path[count], strlen(path[count])))
			return toml_error_nowhere(error, "a key is not valid UTF-8");
	}
	if (!count)
		return toml_error_nowhere(error, "no key is given");
	if (count > TOML_DEPTH_MAX || value_depth > TOML_DEPTH_MAX - (int)count + 1)
		return toml_error_nowhere(error, "the value is nested too deeply");
	return 0;
}

/* ---- finding the target ---- */

/* The part of a path that exists, and the rest. */
struct target {
	struct toml_node *table; /* or a node whose new value is an object */
	const char *const *rest; /* the remaining keys; at least one */
};

static struct toml_text text_of(const char *key)
{
	return (struct toml_text){key, strlen(key)};
}

static struct toml_node *live_member(const struct toml_node *table, struct toml_text key)
{
	return toml_node_live(toml_node_find(table, key));
}

static bool is_table(const struct toml_node *node)
{
	const json_t *wanted = toml_node_wanted(node);

	if (wanted)
		return json_is_object(wanted);
	return node->kind == TOML_TABLE;
}

static int edit_descend(
    const struct toml *doc, const char *const path[], struct target *ret_target, struct toml_error *error)
{
	struct toml_node *table = doc->root;

	for (; path[1] && !toml_node_wanted(table); path++) {
		struct toml_node *next = live_member(table, text_of(path[0]));
		if (!next)
			break;
		if (next->form == FORM_TABLES)
			return fail_at(error, doc, next,
			    "this is an array of tables, so no single table can be edited here");
		if (!is_table(next))
			return fail_at(
			    error, doc, next, "this is not a table, so nothing in it can be edited");
		table = next;
	}
	*ret_target = (struct target){table, path};
	return 0;
}

/* ---- setting ---- */

static bool is_block(const struct toml_node *node)
{
	return node->kind == TOML_TABLE && node->form != FORM_VALUE;
}

/* Checks that `value` can replace `node` (NULL: nothing). */
static int check_put(
    const struct toml *doc, const struct toml_node *node, const json_t *value, struct toml_error *error)
{
	if (!node || (is_block(node) && !toml_node_exists(node)))
		return 0;
	if (node->form == FORM_TABLES)
		return toml_same_json(node, value)
		           ? 0
		           : fail_at(error, doc, node,
		                 "this is an array of tables and cannot be replaced by a value");
	if (is_table(node) && !json_is_object(value))
		return fail_at(error, doc, node, "this is a table and cannot be replaced by a value");
	if (!is_block(node))
		return 0;
	json_t *o = (json_t *)(uintptr_t)value; /* for its iterator; not changed */
	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
		const struct toml_node *member = live_member(node, toml_iter_key(i));
		if (check_put(doc, member, json_object_iter_value(i), error) < 0)
			return -1;
	}
	return 0;
}

static void edit_put(struct toml *doc, struct toml_node *parent, struct toml_text key, const json_t *value);

static void put_members(struct toml *doc, struct toml_node *table, const json_t *object)
{
	json_t *o = (json_t *)(uintptr_t)object;

	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
		edit_put(doc, table, toml_iter_key(i), json_object_iter_value(i));
}

/* The node for a value: the existing one, one of the source that was removed, or a new one. */
static struct toml_node *node_for_value(
    struct toml *doc, struct toml_node *parent, struct toml_node *there, struct toml_text key)
{
	if (there && !is_block(there))
		return there;
	if (there)
		there->gone = true; /* a table that exists only while it has members */
	struct toml_node *source = toml_node_source(toml_node_find(parent, key));
	if (!source || source->form != FORM_VALUE)
		return add_new(doc, parent, key, TOML_BOOLEAN);
	source->gone = false;
	return source;
}

/* Call check_put() first. */
static void edit_put(struct toml *doc, struct toml_node *parent, struct toml_text key, const json_t *value)
{
	struct toml_node *node = live_member(parent, key);

	if (node && node->form == FORM_TABLES)
		return;
	if (node && is_block(node) && toml_node_exists(node)) {
		put_members(doc, node, value);
		return;
	}
	node = node_for_value(doc, parent, node, key);
	if (!node->is_new)
		forget_inside(doc, node);
	edit_give(doc, node, json_deep_copy(value));
	edit_settle(doc, node);
}

/* Sets a value inside the new value of a node. */
static int put_in_json(
    json_t *object, const char *const rest[], const json_t *value, struct toml_error *error)
{
	for (; rest[1]; rest++) {
		json_t *next = json_object_get(object, rest[0]);
		if (next && !json_is_object(next))
			return toml_error_nowhere(
			    error, "the path leads through a value that is not a table");
		if (!next) {
			next = json_object();
			json_object_set_new(object, rest[0], next);
		}
		object = next;
	}
	if (json_is_object(json_object_get(object, rest[0])) && !json_is_object(value))
		return toml_error_nowhere(error, "a table that was set cannot be replaced by a value");
	json_object_set_new(object, rest[0], json_deep_copy(value));
	return 0;
}

/* In an inline table, missing tables on the path become members of one new value. */
static void put_nested(
    struct toml *doc, struct toml_node *table, const char *const rest[], const json_t *value)
{
	struct toml_error ignored; /* an empty object takes anything */
	json_t *object = json_object();

	put_in_json(object, rest + 1, value, &ignored);
	edit_put(doc, table, text_of(rest[0]), object);
	json_decref(object);
}

static void put_below(struct toml *doc, struct target target, const json_t *value)
{
	struct toml_node *table = target.table;
	const char *const *rest = target.rest;

	for (; rest[1]; rest++) {
		if (toml_node_inline(table)) {
			put_nested(doc, table, rest, value);
			return;
		}
		table = add_new(doc, table, text_of(rest[0]), TOML_TABLE);
	}
	edit_put(doc, table, text_of(rest[0]), value);
}

int toml_set(struct toml *doc, const char *const path[], const json_t *value, struct toml_error *ret_error)
{
	struct target target = {.table = doc->root, .rest = path};
	int depth;
	const char *reason = toml_write_check(value, &depth);

	if (reason)
		return toml_error_nowhere(ret_error, reason);
	if (toml_edit_check_path(path, depth, ret_error) < 0 ||
	    edit_descend(doc, path, &target, ret_error) < 0)
		return -1;
	json_t *wanted = toml_node_wanted(target.table);
	if (wanted) {
		int result = put_in_json(wanted, target.rest, value, ret_error);
		edit_settle(doc, target.table);
		return result;
	}
	const struct toml_node *there = live_member(target.table, text_of(target.rest[0]));
	if (!target.rest[1] && check_put(doc, there, value, ret_error) < 0)
		return -1;
	put_below(doc, target, value);
	return 0;
}

/* ---- removing ---- */

static int remove_in_json(json_t *object, const char *const rest[], struct toml_error *error)
{
	for (; rest[1]; rest++) {
		object = json_object_get(object, rest[0]);
		if (!object)
			return 0;
		if (!json_is_object(object))
			return toml_error_nowhere(
			    error, "the path leads through a value that is not a table");
	}
	json_object_del(object, rest[0]); /* ignore whether it existed */
	return 0;
}

static void remove_live(struct toml *doc, struct toml_node *node)
{
	node->gone = true;
	edit_give(doc, node, NULL);
}

int toml_remove(struct toml *doc, const char *const path[], struct toml_error *ret_error)
{
	struct target target = {.table = doc->root, .rest = path};

	if (toml_edit_check_path(path, 1, ret_error) < 0 || edit_descend(doc, path, &target, ret_error) < 0)
		return -1;
	json_t *wanted = toml_node_wanted(target.table);
	if (wanted) {
		int result = remove_in_json(wanted, target.rest, ret_error);
		edit_settle(doc, target.table);
		return result;
	}
	struct toml_node *node = target.rest[1] ? NULL : live_member(target.table, text_of(target.rest[0]));
	if (node)
		remove_live(doc, node);
	return 0;
}

int toml_remove_node(struct toml *doc, const struct toml_node *node, struct toml_error *ret_error)
{
	for (const struct toml_node *above = node; above->parent; above = above->parent) {
		if (!above->key || toml_node_wanted(above->parent))
			return fail_at(ret_error, doc, node, "this cannot be removed by itself");
	}
	struct toml_node *live = live_member(node->parent, (struct toml_text){node->key, node->key_len});
	if (live)
		remove_live(doc, live);
	return 0;
}

/* ---- whether there are effective edits ---- */

static bool edit_changed(const struct toml_node *table)
{
	for (const struct toml_node *node = table->table->new_first; node; node = node->next) {
		if (toml_node_exists(node))
			return true;
	}
	for (const struct toml_node *node = table->u.children.first; node; node = node->next) {
		if (node->gone || toml_node_wanted(node) || (node->kind == TOML_TABLE && edit_changed(node)))
			return true;
	}
	return false;
}

bool toml_edited(const struct toml *doc)
{
	return edit_changed(doc->root);
}
