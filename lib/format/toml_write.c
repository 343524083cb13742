#include "format/toml_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_bare(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = key[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		        c == '_' || c == '-'))
			return false;
	}
	return len > 0;
}

static void write_string(struct buf *out, const char *text, size_t len)
{
	static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";

	size_t plain = 0; /* start of the bytes that need no escape */
	buf_addch(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		const char *value = c ? strchr(values, c) : NULL;
		if (!value && c >= 0x20 && c != 0x7F)
			continue;
		buf_add(out, text + plain, i - plain);
		plain = i + 1;
		if (value)
			buf_addf(out, "\\%c", names[value - values]);
		else
			buf_addf(out, "\\u%04X", (unsigned)c);
	}
	buf_add(out, text + plain, len - plain);
	buf_addch(out, '"');
}

void toml_write_key(struct buf *out, const char *key, size_t key_len)
{
	if (is_bare(key, key_len))
		buf_add(out, key, key_len);
	else
		write_string(out, key, key_len);
}

/* The fewest digits that read back as the same number. */
static void write_real(struct buf *out, double number)
{
	char text[64];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	buf_addstr(out, text);
	if (!strpbrk(text, ".e"))
		buf_addstr(out, ".0");
}

static void write_array(struct buf *out, const json_t *array)
{
	buf_addch(out, '[');
	for (size_t i = 0; i < json_array_size(array); i++) {
		if (i)
			buf_addstr(out, ", ");
		toml_write_value(out, json_array_get(array, i));
	}
	buf_addch(out, ']');
}

/* jansson's iterators need a non-const pointer, but change nothing. */
static void write_object(struct buf *out, const json_t *object)
{
	json_t *o = (json_t *)(uintptr_t)object;
	const char *before = "{ ";

	for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
		struct toml_text key = toml_iter_key(i);
		buf_addstr(out, before);
		toml_write_key(out, key.text, key.len);
		buf_addstr(out, " = ");
		toml_write_value(out, json_object_iter_value(i));
		before = ", ";
	}
	buf_addstr(out, json_object_size(object) ? " }" : "{}");
}

void toml_write_value(struct buf *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		write_string(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		write_real(out, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_addstr(out, json_is_true(value) ? "true" : "false");
		break;
	case JSON_ARRAY:
		write_array(out, value);
		break;
	case JSON_OBJECT:
		write_object(out, value);
		break;
	case JSON_NULL: /* toml_write_check() has rejected it */
		break;
	}
}

/* jansson itself rejects invalid UTF-8, NaN and infinity. */
static const char *check_value(const json_t *value, int depth, int *deepest)
{
	json_t *o = (json_t *)(uintptr_t)value;
	const char *reason = NULL;

	if (depth > TOML_DEPTH_MAX)
		return "the value is nested too deeply";
	if (depth > *deepest)
		*deepest = depth;
	if (!value || json_is_null(value))
		return "TOML has no null";
	for (size_t i = 0; i < json_array_size(value) && !reason; i++)
		reason = check_value(json_array_get(value, i), depth + 1, deepest);
	for (void *i = json_object_iter(o); i && !reason; i = json_object_iter_next(o, i))
		reason = check_value(json_object_iter_value(i), depth + 1, deepest);
	return reason;
}

const char *toml_write_check(const json_t *value, int *ret_depth)
{
	int deepest = 0;
	const char *reason = check_value(value, 1, &deepest);

	*ret_depth = deepest;
	return reason;
}
