/* json [PATH]: a field of the JSON on standard input, for the tests; see json() in helper.bash. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const json_t *step(const json_t *value, const char *name)
{
	char *end;
	unsigned long at = strtoul(name, &end, 10);

	if (json_is_array(value) && *name && !*end)
		return json_array_get(value, at);
	return json_object_get(value, name);
}

/* With the fewest digits that give the same number, as Python prints them. */
static char *dump(const json_t *value)
{
	const size_t flags = JSON_ENCODE_ANY | JSON_ENSURE_ASCII;

	for (size_t digits = 1; digits <= 17; digits++) {
		char *text = json_dumps(value, flags | JSON_REAL_PRECISION(digits));
		json_t *again = json_loads(text, JSON_DECODE_ANY, NULL);
		if (json_equal(value, again) || digits == 17) {
			json_decref(again);
			return text;
		}
		json_decref(again);
		free(text);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *all = json_loadf(stdin, JSON_DECODE_ANY, &error);
	const json_t *value = all;
	char *path = argc > 1 ? argv[1] : argv[0] + strlen(argv[0]);
	char *rest = strdup(path);

	if (!all) {
		fprintf(stderr, "json: %s\n", error.text);
		return 1;
	}
	for (char *next = rest, *name; value && (name = strsep(&next, ".")) && *path;)
		value = step(value, name);
	if (!value) {
		fprintf(stderr, "json: no %s in %s\n", path, dump(all));
		return 1;
	}
	puts(json_is_string(value) ? json_string_value(value) : dump(value));
	return 0;
}
