#include "format/toml_internal.h"

#include <math.h>
#include <string.h>

/* Values are tagged with their kind: a JSON value gets the digest of the TOML value that it becomes. */

static uint64_t digest_mix(uint64_t digest, uint64_t value)
{
	digest = (digest ^ value) * 0x9E3779B97F4A7C15u;
	return digest ^ digest >> 32;
}

static uint64_t digest_text(enum toml_kind kind, const char *text, size_t len)
{
	uint64_t digest = digest_mix(kind, len);

	for (size_t i = 0; i < len; i++)
		digest = (digest ^ (unsigned char)text[i]) * 1099511628211u; /* FNV-1a */
	return digest_mix(digest, len);
}

/* All NaN are the same; 0.0 and -0.0 are not. */
static uint64_t digest_real(double real)
{
	uint64_t bits = UINT64_MAX;

	if (!isnan(real))
		memcpy(&bits, &real, sizeof(bits));
	return digest_mix(TOML_FLOAT, bits);
}

static uint64_t digest_json(const json_t *value);

/* Part of a sum, since the order of members does not matter. */
static uint64_t digest_member(struct toml_text key, uint64_t value)
{
	return digest_mix(digest_text(TOML_TABLE, key.text, key.len), value);
}

static uint64_t digest_array(const json_t *array)
{
	uint64_t digest = digest_mix(TOML_ARRAY, json_array_size(array));

	for (size_t i = 0; i < json_array_size(array); i++)
		digest = digest_mix(digest, digest_json(json_array_get(array, i)));
	return digest;
}

static uint64_t digest_object(const json_t *object)
{
	json_t *o = (json_t *)(uintptr_t)object; /* for its iterator; not changed */
	uint64_t sum = 0;

	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
		sum += digest_member(toml_iter_key(i), digest_json(json_object_iter_value(i)));
	return digest_mix(TOML_TABLE, sum);
}

static uint64_t digest_json(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return digest_text(TOML_STRING, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return digest_mix(TOML_INTEGER, (uint64_t)json_integer_value(value));
	case JSON_REAL:
		return digest_real(json_real_value(value));
	case JSON_ARRAY:
		return digest_array(value);
	case JSON_OBJECT:
		return digest_object(value);
	default: /* null is not written (toml_write_check()) */
		return digest_mix(TOML_BOOLEAN, json_is_true(value));
	}
}

static uint64_t digest_members(const struct toml_node *first)
{
	uint64_t sum = 0;

	for (const struct toml_node *node = first; node; node = node->next)
		if (toml_node_exists(node))
			sum += digest_member(
			    (struct toml_text){node->key, node->key_len}, toml_digest_node(node));
	return sum;
}

static uint64_t digest_elements(const struct toml_node *array)
{
	uint64_t digest = digest_mix(TOML_ARRAY, array->u.children.count);

	for (const struct toml_node *node = array->u.children.first; node; node = node->next)
		digest = digest_mix(digest, toml_digest_node(node));
	return digest;
}

uint64_t toml_digest_node(const struct toml_node *node)
{
	const json_t *wanted = toml_node_wanted(node);

	if (wanted)
		return digest_json(wanted);
	switch (node->kind) {
	case TOML_INTEGER:
		return digest_mix(TOML_INTEGER, (uint64_t)node->u.integer);
	case TOML_FLOAT:
		return digest_real(node->u.real);
	case TOML_BOOLEAN:
		return digest_mix(TOML_BOOLEAN, node->u.boolean);
	case TOML_ARRAY:
		return digest_elements(node);
	case TOML_TABLE:
		return digest_mix(TOML_TABLE,
		    digest_members(node->u.children.first) + digest_members(node->table->new_first));
	default: /* strings, dates and times */
		return digest_text(node->kind, node->u.string.text, node->u.string.len);
	}
}
