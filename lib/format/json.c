#include "format/json.h"

#include "base/buf.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* For what one text holds: as values, a list of empty lists takes forty times its own length. */
#define PARSED_MAX ((size_t)512 << 20)
#define UNBOUNDED  (SIZE_MAX / 2)

static _Thread_local size_t memory_left = UNBOUNDED; /* bounded while a text is parsed */
static _Thread_local bool memory_was_refused;

static void *take(size_t len)
{
	void *memory = len <= memory_left ? malloc(len) : NULL;
	size_t size = malloc_usable_size(memory);

	memory_was_refused |= !memory;
	memory_left -= size < memory_left ? size : memory_left;
	return memory;
}

static void give_back(void *memory)
{
	memory_left += malloc_usable_size(memory);
	wipe_free(memory);
}

void json_start(void)
{
	json_set_alloc_funcs(take, give_back);
	/* Sixteen random bytes that the kernel gave the process: jansson would open /dev/urandom for its own. */
	const void *random = (const void *)getauxval(AT_RANDOM);
	size_t seed = 0;
	if (random)
		memcpy(&seed, random, sizeof(seed));
	if (seed)
		json_object_seed(seed);
}

static json_t *load(const char *bytes, size_t len, size_t flags, json_error_t *ret_error)
{
	memory_was_refused = false;
	memory_left = PARSED_MAX;
	json_t *value = json_loadb(bytes, len, JSON_DECODE_ANY | flags, ret_error);
	memory_left = UNBOUNDED;
	return value;
}

static json_t *parse(const char *bytes, size_t len, bool exact, char *ret_why, size_t size)
{
	static const char bom[] = "\xEF\xBB\xBF";
	const size_t bom_len = sizeof(bom) - 1;

	if (len >= bom_len && memcmp(bytes, bom, bom_len) == 0) {
		bytes += bom_len;
		len -= bom_len;
	}
	json_error_t error;
	json_t *value = load(bytes, len, 0, &error);

	if (!value && !exact && json_error_code(&error) == json_error_numeric_overflow)
		value = load(bytes, len, JSON_DECODE_INT_AS_REAL, &error);
	if (!value && memory_was_refused) {
		/* jansson does not always say so, nor where. */
		snprintf(ret_why, size, "it takes too much memory");
	} else if (!value) {
		/* jansson's text quotes what stands there, which may be a secret: the place and the kind are enough. */
		enum json_error_code code = json_error_code(&error);
		const char *why = code == json_error_premature_end_of_input  ? "it ends too early"
		                  : code == json_error_invalid_utf8          ? "it is not UTF-8"
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
	if (!isfinite(number))
		return json_null();
	if (number == trunc(number) && fabs(number) < 9e15)
		return json_integer((json_int_t)number);
	return json_real(number);
}

char *json_print(const json_t *value)
{
	return json_dumps(
	    value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}
