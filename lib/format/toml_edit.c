#include "format/toml_internal.h"

#include <string.h>

/* ---- the values that edits want ---- */

/* Steals `value`. */
static bool edit_give(struct toml *doc, struct toml_node *node, json_t *value)
{
	if (value && !node->want) {
		node->want = toml_alloc(doc, sizeof(*node->want));
		if (!node->want) {
			json_decref(value);
			return false;
		}
		node->want->next = doc->wants;
		doc->wants = node->want;
	}
	if (node->want) {
		json_decref(node->want->value);
		node->want->value = value;
	}
	return true;
}

static void forget_edits(struct toml *doc, struct toml_node *node);

/* All that was noted inside of a value no longer counts. */
static void forget_inside(struct toml *doc, struct toml_node *node)
{
	if (node->kind != TOML_TABLE)
		return; /* nothing can be noted inside of an array */
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

/* A source node that is wanted as it was needs no edit. */
static void edit_settle(struct toml *doc, struct toml_node *node)
{
	const json_t *wanted = toml_node_wanted(node);

	if (!node->is_new && wanted && toml_same_json(node, wanted))
		edit_give(doc, node, NULL);
}

static struct toml_node *add_new(
    struct toml *doc, struct toml_node *parent, const char *key, size_t key_len, enum toml_kind kind)
{
	struct toml_node *node = toml_node_new(doc, kind, kind == TOML_TABLE ? FORM_IMPLICIT : FORM_VALUE);

	if (!node)
		return NULL;
	node->is_new = true;
	return toml_node_attach(doc, parent, node, key, key_len) ? node : NULL;
}

/* ---- errors ---- */

static int fail_at(
    struct toml_error *error, const struct toml *doc, const struct toml_node *node, const char *why)
{
	if (node->is_new)
		return toml_error_nowhere(error, why);
	toml_error_at(error, doc, node->begin, "%s", why);
	return -1;
}

static int edit_fail_memory(struct toml_error *error)
{
	return toml_error_nowhere(error, toml_no_memory);
}

static int check_path(const char *const path[], int value_depth, struct toml_error *error)
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

/* ---- finding the place ---- */

/* Where a path leads, as far as there is something. */
struct place {
	struct toml_node *table; /* or a node that is wanted to be an object */
	const char *const *rest; /* the keys below it; one at least */
};

static struct toml_node *live_member(const struct toml_node *table, const char *key, size_t key_len)
{
	return toml_node_live(toml_node_find(table, key, key_len));
}

static bool is_table(const struct toml_node *node)
{
	const json_t *wanted = toml_node_wanted(node);

	return wanted ? json_is_object(wanted) : node->kind == TOML_TABLE;
}

static int edit_descend(
    const struct toml *doc, const char *const path[], struct place *ret_place, struct toml_error *error)
{
	struct toml_node *table = doc->root;

	for (; path[1] && !toml_node_wanted(table); path++) {
		struct toml_node *next = live_member(table, path[0], strlen(path[0]));
		if (!next)
			break;
		if (next->form == FORM_TABLES)
			return fail_at(error, doc, next,
			    "this is an array of tables, so no single table can be edited here");
		if (!is_table(next))
			return fail_at(error, doc, next,
			    "this is not a table, so there is nothing inside of it to edit");
		table = next;
	}
	*ret_place = (struct place){table, path};
	return 0;
}

/* ---- setting ---- */

static bool is_block(const struct toml_node *node)
{
	return node->kind == TOML_TABLE && node->form != FORM_VALUE;
}

/* Whether `value` can stand where `node` (NULL: nothing) stands. */
static int check_put(
    const struct toml *doc, const struct toml_node *node, const json_t *value, struct toml_error *error)
{
	if (!node || (is_block(node) && !toml_node_exists(node)))
		return 0;
	if (node->form == FORM_TABLES)
		return toml_same_json(node, value)
		           ? 0
		           : fail_at(
		                 error, doc, node, "this is an array of tables; it cannot be set as a value");
	if (is_table(node) && !json_is_object(value))
		return fail_at(error, doc, node, "this is a table; it cannot become another value");
	if (!is_block(node))
		return 0;
	json_t *o = (json_t *)(uintptr_t)value; /* for its iterator; not changed */
	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
		const struct toml_node *member =
		    live_member(node, json_object_iter_key(i), json_object_iter_key_len(i));
		if (check_put(doc, member, json_object_iter_value(i), error) < 0)
			return -1;
	}
	return 0;
}

static bool edit_put(
    struct toml *doc, struct toml_node *parent, const char *key, size_t key_len, const json_t *value);

static bool put_members(struct toml *doc, struct toml_node *table, const json_t *object)
{
	json_t *o = (json_t *)(uintptr_t)object;

	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
		if (!edit_put(doc, table, json_object_iter_key(i), json_object_iter_key_len(i),
		        json_object_iter_value(i)))
			return false;
	}
	return true;
}

/* The node that shall hold a value: the one there, the source's one that was removed, or a new one. */
static struct toml_node *node_for_value(
    struct toml *doc, struct toml_node *parent, struct toml_node *there, const char *key, size_t key_len)
{
	if (there && !is_block(there))
		return there;
	if (there)
		there->gone = true; /* a table without members, made by them alone */
	struct toml_node *source = toml_node_source(toml_node_find(parent, key, key_len));
	if (!source || source->form != FORM_VALUE)
		return add_new(doc, parent, key, key_len, TOML_BOOLEAN);
	source->gone = false;
	return source;
}

/* check_put() has agreed. */
static bool edit_put(
    struct toml *doc, struct toml_node *parent, const char *key, size_t key_len, const json_t *value)
{
	struct toml_node *node = live_member(parent, key, key_len);

	if (node && node->form == FORM_TABLES)
		return true;
	if (node && is_block(node) && toml_node_exists(node))
		return put_members(doc, node, value);
	json_t *copy = json_deep_copy(value);
	node = copy ? node_for_value(doc, parent, node, key, key_len) : NULL;
	if (!node) {
		json_decref(copy);
		return false;
	}
	if (!node->is_new)
		forget_inside(doc, node);
	if (!edit_give(doc, node, copy)) {
		node->gone = node->is_new;
		return false;
	}
	edit_settle(doc, node);
	return true;
}

/* A path inside of a value that edits want. */
static int put_in_json(
    json_t *object, const char *const rest[], const json_t *value, struct toml_error *error)
{
	for (; rest[1]; rest++) {
		json_t *next = json_object_get(object, rest[0]);
		if (next && !json_is_object(next))
			return toml_error_nowhere(
			    error, "the path leads through a value that was set and is no table");
		if (!next) {
			next = json_object();
			if (json_object_set_new(object, rest[0], next) < 0)
				return edit_fail_memory(error);
		}
		object = next;
	}
	if (json_is_object(json_object_get(object, rest[0])) && !json_is_object(value))
		return toml_error_nowhere(error, "a table that was set cannot become another value");
	return json_object_set_new(object, rest[0], json_deep_copy(value)) < 0 ? edit_fail_memory(error) : 0;
}

/* In an inline table, tables that are missing on the way are members of one new value. */
static bool put_nested(
    struct toml *doc, struct toml_node *table, const char *const rest[], const json_t *value)
{
	struct toml_error ignored;
	json_t *object = json_object();
	bool ok = object && put_in_json(object, rest + 1, value, &ignored) == 0 &&
	          edit_put(doc, table, rest[0], strlen(rest[0]), object);

	json_decref(object);
	return ok;
}

static bool put_below(struct toml *doc, struct place place, const json_t *value)
{
	struct toml_node *table = place.table;
	const char *const *rest = place.rest;

	for (; rest[1]; rest++) {
		if (toml_node_inline(table))
			return put_nested(doc, table, rest, value);
		table = add_new(doc, table, rest[0], strlen(rest[0]), TOML_TABLE);
		if (!table)
			return false;
	}
	return edit_put(doc, table, rest[0], strlen(rest[0]), value);
}

int toml_set(struct toml *doc, const char *const path[], const json_t *value, struct toml_error *ret_error)
{
	struct place place = {.table = doc->root, .rest = path};
	int depth;
	const char *why = toml_write_check(value, &depth);

	if (why)
		return toml_error_nowhere(ret_error, why);
	if (check_path(path, depth, ret_error) < 0 || edit_descend(doc, path, &place, ret_error) < 0)
		return -1;
	json_t *wanted = toml_node_wanted(place.table);
	if (wanted) {
		int result = put_in_json(wanted, place.rest, value, ret_error);
		edit_settle(doc, place.table);
		return result;
	}
	const struct toml_node *there = live_member(place.table, place.rest[0], strlen(place.rest[0]));
	if (!place.rest[1] && check_put(doc, there, value, ret_error) < 0)
		return -1;
	doc->touched = true;
	return put_below(doc, place, value) ? 0 : edit_fail_memory(ret_error);
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
			    error, "the path leads through a value that was set and is no table");
	}
	json_object_del(object, rest[0]); /* -1: was not there */
	return 0;
}

static void remove_live(struct toml *doc, struct toml_node *node)
{
	doc->touched = true;
	node->gone = true;
	edit_give(doc, node, NULL);
}

int toml_remove(struct toml *doc, const char *const path[], struct toml_error *ret_error)
{
	struct place place = {.table = doc->root, .rest = path};

	if (check_path(path, 1, ret_error) < 0 || edit_descend(doc, path, &place, ret_error) < 0)
		return -1;
	json_t *wanted = toml_node_wanted(place.table);
	if (wanted) {
		int result = remove_in_json(wanted, place.rest, ret_error);
		edit_settle(doc, place.table);
		return result;
	}
	struct toml_node *node =
	    place.rest[1] ? NULL : live_member(place.table, place.rest[0], strlen(place.rest[0]));
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
	struct toml_node *live = live_member(node->parent, node->key, node->key_len);
	if (live)
		remove_live(doc, live);
	return 0;
}

/* ---- whether anything is left to do ---- */

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
	return doc->touched && edit_changed(doc->root);
}
