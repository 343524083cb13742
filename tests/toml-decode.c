/*
 * toml-decode: TOML on standard input, toml-test's tagged JSON on standard output.
 *
 * Exit status 0; or 1 and `line:column: message` on standard error.
 */
#include "format/toml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX ((size_t)256 * 1024 * 1024)

static void print_string(const char *text, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7F)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_tagged(const char *type, const char *text, size_t len)
{
	printf("{\"type\": \"%s\", \"value\": ", type);
	print_string(text, len);
	putchar('}');
}

static void print_float(double number)
{
	char text[64];

	if (!isfinite(number))
		snprintf(text, sizeof(text), "%s", isnan(number) ? "nan" : number < 0 ? "-inf" : "inf");
	for (int digits = 15; isfinite(number) && digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		double back = strtod(text, NULL);
		if (back >= number && back <= number)
			break;
	}
	print_tagged("float", text, strlen(text));
}

static void print_integer(int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	print_tagged("integer", text, strlen(text));
}

/* The suite writes fractions of a second with three digits at least. */
static void print_datetime(const char *type, const char *text)
{
	const char *dot = strchr(text, '.');
	size_t digits = dot ? strspn(dot + 1, "0123456789") : 3;
	size_t head = dot ? (size_t)(dot + 1 - text) + digits : strlen(text);

	printf("{\"type\": \"%s\", \"value\": \"%.*s%s%s\"}", type, (int)head, text,
	    digits < 3 ? &"000"[digits] : "", text + head);
}

static void print_node(const struct toml_node *node);

static void print_children(const struct toml_node *parent)
{
	bool table = toml_kind(parent) == TOML_TABLE;

	putchar(table ? '{' : '[');
	for (const struct toml_node *node = toml_first(parent); node; node = toml_next(node)) {
		if (table) {
			size_t len;
			const char *key = toml_key(node, &len);
			print_string(key, len);
			printf(": ");
		}
		print_node(node);
		if (toml_next(node))
			printf(", ");
	}
	putchar(table ? '}' : ']');
}

static void print_node(const struct toml_node *node)
{
	size_t len;
	const char *text;

	switch (toml_kind(node)) {
	case TOML_STRING:
		text = toml_string(node, &len);
		print_tagged("string", text, len);
		break;
	case TOML_INTEGER:
		print_integer(toml_integer(node));
		break;
	case TOML_FLOAT:
		print_float(toml_float(node));
		break;
	case TOML_BOOLEAN:
		text = toml_boolean(node) ? "true" : "false";
		print_tagged("bool", text, strlen(text));
		break;
	case TOML_OFFSET_DATETIME:
		print_datetime("datetime", toml_datetime(node));
		break;
	case TOML_LOCAL_DATETIME:
		print_datetime("datetime-local", toml_datetime(node));
		break;
	case TOML_LOCAL_DATE:
		print_datetime("date-local", toml_datetime(node));
		break;
	case TOML_LOCAL_TIME:
		print_datetime("time-local", toml_datetime(node));
		break;
	case TOML_ARRAY:
	case TOML_TABLE:
		print_children(node);
		break;
	}
}

int main(void)
{
	char block[65536];
	struct toml_error error;
	struct buf input;
	size_t n;

	buf_init(&input, INPUT_MAX);
	while ((n = fread(block, 1, sizeof(block), stdin)) > 0)
		buf_add(&input, block, n);
	if (ferror(stdin) || input.failed) {
		fprintf(stderr, "toml-decode: the input cannot be read, or is too long\n");
		buf_release(&input);
		return 1;
	}
	struct toml *doc = toml_parse(input.data, input.len, &error);
	buf_release(&input);
	if (!doc) {
		fprintf(stderr, "%zu:%zu: %s\n", error.line, error.column, error.message);
		return 1;
	}
	print_node(toml_root(doc));
	putchar('\n');
	toml_free(doc);
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
