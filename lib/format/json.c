#include "format/json.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/*
 * Limits the memory for one text to 26 MB. Marks are brackets, braces, commas and colons
 * outside strings; each value comes after one. A list of 10,000 models with 10 members
 * each is allowed.
 */
enum { MARKS_MAX = 220000, DEPTH_MAX = 128 };

void json_start(void)
{
	/* jansson writes beyond its buffers if an allocation fails, so it must not fail. */
	json_set_alloc_funcs(memory_take, wipe_free);
	/* 16 random bytes from the kernel, so that jansson does not open /dev/urandom. */
	const void *random = (const void *)getauxval(AT_RANDOM);
	size_t seed = 0;
	if (random)
		memcpy(&seed, random, sizeof(seed));
	if (seed)
		json_object_seed(seed);
}

/* Why the text must not be parsed; NULL: it may be. */
static const char *why_too_much(const char *bytes, size_t len)
{
	size_t marks = 0, depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		if (in_string && bytes[i] == '\\')
			i++;
		else if (bytes[i] == '"')
			in_string = !in_string;
		else if (in_string || !bytes[i] || !strchr("[]{},:", bytes[i]))
			continue;
		else if (bytes[i] == ']' || bytes[i] == '}')
			depth -= depth > 0;
		else if (++marks > MARKS_MAX)
			return "it has too many values";
		else if ((bytes[i] == '[' || bytes[i] == '{') && ++depth > DEPTH_MAX)
			return "it is nested too deep";
	}
	return NULL;
}

static const char *why_no_json(enum json_error_code code)
{
	switch (code) {
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_invalid_utf8:
		return "it is not UTF-8";
	case json_error_numeric_overflow:
		return "a number in it is too large";
	case json_error_end_of_input_expected:
		return "there is text after its end";
	default:
		return "it is not JSON";
	}
}

static json_t *json_parse_text(const char *bytes, size_t len, bool exact, struct reason *ret_reason)
{
	static const char bom[] = "\xEF\xBB\xBF";
	const size_t bom_len = sizeof(bom) - 1;

	if (len >= bom_len && memcmp(bytes, bom, bom_len) == 0) {
		bytes += bom_len;
		len -= bom_len;
	}
	const char *reason = why_too_much(bytes, len);
	json_error_t error;

	if (reason) {
		reason_set(ret_reason, "%s", reason);
		return NULL;
	}
	json_t *value = json_loadb(bytes, len, JSON_DECODE_ANY, &error);
	if (!value && !exact && json_error_code(&error) == json_error_numeric_overflow)
		value = json_loadb(bytes, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
	/* Not jansson's message, which quotes the text, and that may be a secret. */
	if (!value)
		reason_set(ret_reason, "line %d, column %d: %s", error.line, error.column,
		    why_no_json(json_error_code(&error)));
	return value;
}

json_t *json_parse(const char *bytes, size_t len, struct reason *ret_reason)
{
	return json_parse_text(bytes, len, false, ret_reason);
}

json_t *json_parse_exact(const char *bytes, size_t len, struct reason *ret_reason)
{
	return json_parse_text(bytes, len, true, ret_reason);
}

const char *json_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

bool json_number(const json_t *object, const char *name, double *ret_number)
{
	const json_t *value = json_object_get(object, name);
	double number;

	if (json_is_number(value)) {
		number = json_number_value(value);
	} else if (json_is_string(value) && json_string_length(value)) {
		char *end;
		const char *text = json_string_value(value);
		number = strtod(text, &end);
		if (*end || strspn(text, "0123456789.+-eE") != strlen(text))
			return false;
	} else {
		return false;
	}
	if (!isfinite(number))
		return false;
	*ret_number = number + 0.0; /* never -0.0 */
	return true;
}

bool json_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

bool json_truth(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (json_is_string(value))
		return json_string_length(value) > 0;
	if (json_is_number(value))
		return json_number_value(value) != 0;
	return json_is_true(value) || json_array_size(value) || json_object_size(value);
}

json_t *json_from_number(double number)
{
	if (!isfinite(number))
		return json_null();
	if (number == trunc(number) && fabs(number) < 9e15)
		return json_integer((json_int_t)number);
	return json_real(number);
}

json_t *json_from_text(const char *text)
{
	size_t len = strlen(text);
	struct buf clean;

	buf_init(&clean, 4 * len + 1); /* the longest form of a byte */
	text_clean(&clean, text, len);
	json_t *value = json_string(clean.data);
	buf_release(&clean);
	return value;
}

static char *json_print_flags(const json_t *value, unsigned digits)
{
	return json_dumps(
	    value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
}

char *json_print(const json_t *value)
{
	return json_print_flags(value, 17);
}

char *json_print_short(const json_t *value)
{
	return json_print_flags(value, 15);
}
