/*
 * Shared by test_toml_suite.c and fuzz_toml.c: the tree of a document as JSON, made
 * with the public functions only, so that edits can be checked
 * without relying on toml_render()'s own check.
 */
#ifndef KIMI_TESTS_TEST_TOML_JSON_H
#define KIMI_TESTS_TEST_TOML_JSON_H

#include "format/toml.h"

#include <stdio.h>
#include <string.h>

static json_t *tree_json(const struct toml_node *node);

/* Numbers become strings, because nan is not JSON; the first letter names the type. */
static json_t *scalar_json(const struct toml_node *node)
{
	char text[64];
	size_t len;

	switch (toml_kind(node)) {
	case TOML_STRING: {
		const char *string = toml_string(node, &len);
		return json_stringn(string, len);
	}
	case TOML_INTEGER:
		snprintf(text, sizeof(text), "i%lld", (long long)toml_integer(node));
		return json_pack("[s]", text);
	case TOML_FLOAT:
		snprintf(text, sizeof(text), "f%.17g", toml_float(node));
		return json_pack("[s]", text);
	case TOML_BOOLEAN:
		return json_boolean(toml_boolean(node));
	default:
		return json_pack("[s]", toml_datetime(node));
	}
}

static json_t *tree_json(const struct toml_node *node)
{
	bool table = toml_kind(node) == TOML_TABLE;

	if (!table && toml_kind(node) != TOML_ARRAY)
		return scalar_json(node);
	json_t *json = table ? json_object() : json_array();
	for (const struct toml_node *child = toml_first(node); child; child = toml_next(child)) {
		size_t len;
		if (table) {
			const char *key = toml_key(child, &len);
			json_object_setn_new(json, key, len, tree_json(child));
		} else {
			json_array_append_new(json, tree_json(child));
		}
	}
	return json;
}

/* Removes `path`, and the tables above it that become empty. */
static void cut_json(json_t *object, const char *const path[])
{
	json_t *next = json_object_get(object, path[0]);

	if (path[1] && json_is_object(next))
		cut_json(next, path + 1);
	if (!path[1] || (json_is_object(next) && !json_object_size(next)))
		json_object_del(object, path[0]);
}

/* json_equal() compares keys only up to a NUL. */
static bool same_json(const json_t *a, const json_t *b)
{
	const char *key;
	size_t len;
	json_t *value;

	if (!a || !b || json_typeof(a) != json_typeof(b) || json_object_size(a) != json_object_size(b) ||
	    json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++) {
		if (!same_json(json_array_get(a, i), json_array_get(b, i)))
			return false;
	}
	json_object_keylen_foreach((json_t *)(uintptr_t)a, key, len, value)
	{
		if (!same_json(value, json_object_getn(b, key, len)))
			return false;
	}
	return json_is_object(a) || json_is_array(a) || json_equal(a, b);
}

/* Whether both documents are equal apart from `path` (NULL: completely). Frees neither. */
static bool same_but(const struct toml *a, const struct toml *b, const char *const path[])
{
	json_t *left = tree_json(toml_root(a)), *right = tree_json(toml_root(b));

	if (path) {
		cut_json(left, path);
		cut_json(right, path);
	}
	bool same = same_json(left, right);
	json_decref(left);
	json_decref(right);
	return same;
}

#endif
