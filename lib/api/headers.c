#include "api/headers.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_CUSTOM = 64 };

/* RFC 9110 section 5.6.2, a token. */
static int is_name(const char *name)
{
	return *name && strlen(name) <= 128 &&
	       strspn(
	           name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
	           strlen(name);
}

/* kimi token --headers prints it, so it must be clean. */
static bool is_value(const char *value)
{
	return strlen(value) <= 4096 && text_is_clean(value);
}

/* Makes "Name: value" of a custom header. 1: made, 0: it could not be sent, -1: no memory. */
static int custom_line(const struct toml_node *node, char **ret_line)
{
	size_t name_len, value_len;
	const char *name = toml_key(node, &name_len), *value = toml_string(node, &value_len);

	if (!value)
		return 0;
	if (strlen(name) != name_len || strlen(value) != value_len || !is_name(name) || !is_value(value) ||
	    strcasecmp(name, "Authorization") == 0)
		return 0;
	if (asprintf(ret_line, "%s: %s", name, value) < 0)
		return -1;
	return 1;
}

/* Appends the line or replaces the one of that name, since servers refuse duplicate headers. */
static size_t headers_put_line(char **lines, size_t n, char *line)
{
	size_t name_len = strcspn(line, ":") + 1;

	for (size_t i = 0; i < n; i++) {
		if (strncasecmp(lines[i], line, name_len) != 0)
			continue;
		free(lines[i]);
		lines[i] = line;
		return n;
	}
	lines[n] = line;
	return n + 1;
}

int headers_build(struct headers *headers, const struct device_headers *device,
    const struct toml_node *custom, struct err *err)
{
	size_t n = 0;
	int ok;

	headers->lines = calloc(DEVICE_HEADERS + MAX_CUSTOM + 1, sizeof(*headers->lines));
	ok = headers->lines != NULL;
	for (size_t i = 0; ok && i < DEVICE_HEADERS; i++)
		ok = (headers->lines[n++] = strdup(device->headers[i])) != NULL;
	for (const struct toml_node *node = toml_first(custom); ok && node && n < DEVICE_HEADERS + MAX_CUSTOM;
	     node = toml_next(node)) {
		char *line = NULL;
		int made = custom_line(node, &line);
		ok = made >= 0;
		if (made > 0)
			n = headers_put_line(headers->lines, n, line);
	}
	if (ok)
		return 0;
	headers_clear(headers);
	return err_memory(err);
}

void headers_clear(struct headers *headers)
{
	for (char **line = headers->lines; line && *line; line++)
		free(*line);
	free(headers->lines);
	headers->lines = NULL;
}
