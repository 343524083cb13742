#include "format/toml_internal.h"

#include <math.h>
#include <string.h>

static bool same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && !memcmp(a, b, a_len);
}

static bool same_double(double a, double b)
{
	return a >= b && a <= b && !signbit(a) == !signbit(b);
}

static bool same_array(const struct toml_node *node, const json_t *array)
{
	const struct toml_node *element = node->u.children.first;

	if (node->u.children.count != json_array_size(array))
		return false;
	for (size_t i = 0; element; element = element->next, i++) {
		if (!toml_same_json(element, json_array_get(array, i)))
			return false;
	}
	return true;
}

static bool same_object(const struct toml_node *node, const json_t *object)
{
	json_t *o = (json_t *)(uintptr_t)object; /* for its iterator; not changed */

	if (node->u.children.count != json_object_size(object))
		return false;
	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
		const struct toml_node *member = toml_node_source(toml_node_find(node, toml_iter_key(i)));
		if (!member || !toml_same_json(member, json_object_iter_value(i)))
			return false;
	}
	return true;
}

bool toml_same_json(const struct toml_node *node, const json_t *value)
{
	switch (node->kind) {
	case TOML_STRING:
		return json_is_string(value) && same_text(node->u.string.text, node->u.string.len,
		                                    json_string_value(value), json_string_length(value));
	case TOML_INTEGER:
		return json_is_integer(value) && node->u.integer == json_integer_value(value);
	case TOML_FLOAT:
		return json_is_real(value) && same_double(node->u.real, json_real_value(value));
	case TOML_BOOLEAN:
		return json_is_boolean(value) && node->u.boolean == json_is_true(value);
	case TOML_ARRAY:
		return json_is_array(value) && same_array(node, value);
	case TOML_TABLE:
		return json_is_object(value) && same_object(node, value);
	default:
		return false; /* JSON has no dates */
	}
}
