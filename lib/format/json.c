#include "format/json.h"

#include "base/buf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

void json_start(void)
{
	json_set_alloc_funcs(malloc, wipe_free);
	/* Sixteen random bytes that the kernel gave the process: jansson would open /dev/urandom for its own. */
	const void *random = (const void *)getauxval(AT_RANDOM);
	size_t seed = 0;
	if (random)
		memcpy(&seed, random, sizeof(seed));
	if (seed)
		json_object_seed(seed);
}

static json_t *parse(const char *bytes, size_t len, bool exact, char *ret_why, size_t size)
{
	json_error_t error;
	json_t *value = json_loadb(bytes, len, JSON_DECODE_ANY, &error);

	if (!value && !exact && json_error_code(&error) == json_error_numeric_overflow)
		value = json_loadb(bytes, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
	if (!value) {
		/* jansson's text quotes what stands there, which may be a secret: the place and the kind are enough. */
		enum json_error_code code = json_error_code(&error);
		const char *why = code == json_error_premature_end_of_input  ? "it ends too early"
		                  : code == json_error_invalid_utf8          ? "it is not UTF-8"
		                  : code == json_error_out_of_memory         ? "out of memory"
		                  : code == json_error_numeric_overflow      ? "a number in it is too large"
		                  : code == json_error_stack_overflow        ? "it is nested too deep"
		                  : code == json_error_end_of_input_expected ? "something follows its end"
		                                                             : "it is not JSON";
		snprintf(ret_why, size, "line %d, column %d: %s", error.line, error.column, why);
	}
	return value;
}

json_t *json_parse(const char *bytes, size_t len, char *ret_why, size_t size)
{
	return parse(bytes, len, false, ret_why, size);
}

json_t *json_parse_exact(const char *bytes, size_t len, char *ret_why, size_t size)
{
	return parse(bytes, len, true, ret_why, size);
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
	*ret_number = number;
	return true;
}

bool json_flag(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

json_t *json_from_number(double number)
{
	if (number == trunc(number) && fabs(number) < 9e15)
		return json_integer((json_int_t)number);
	return json_real(number);
}

char *json_print(const json_t *value)
{
	return json_dumps(
	    value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}
