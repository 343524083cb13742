#include "api/headers.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_CUSTOM = 64, NAME_MAX_BYTES = 128, VALUE_MAX_BYTES = 4096 };

/* RFC 9110 section 5.6.2, a token. */
static int is_name(const char *name)
{
	return *name && strlen(name) <= NAME_MAX_BYTES &&
	       strspn(
	           name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
	           strlen(name);
}

/* kimi token --headers prints it, so it must be clean. */
static bool is_value(const char *value)
{
	return strlen(value) <= VALUE_MAX_BYTES && text_is_clean(value);
}

/* "Name: value" of a custom header; NULL: it cannot be sent. */
static char *custom_line(const struct toml_node *node)
{
	size_t name_len, value_len;
	const char *name = toml_key(node, &name_len), *value = toml_string(node, &value_len);
	struct buf line;

	if (!value || strlen(name) != name_len || strlen(value) != value_len || !is_name(name) ||
	    !is_value(value) || strcasecmp(name, "Authorization") == 0)
		return NULL;
	buf_init(&line, NAME_MAX_BYTES + VALUE_MAX_BYTES + 2);
	buf_addf(&line, "%s: %s", name, value);
	return buf_detach(&line);
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

void headers_build(
    struct headers *headers, const struct device_headers *device, const struct toml_node *custom)
{
	size_t n = 0;

	headers->lines = memory_take_zeroed(DEVICE_HEADERS + MAX_CUSTOM + 1, sizeof(*headers->lines));
	for (; n < DEVICE_HEADERS; n++)
		headers->lines[n] = memory_copy(device->headers[n]);
	for (const struct toml_node *node = toml_first(custom); node && n < DEVICE_HEADERS + MAX_CUSTOM;
	     node = toml_next(node)) {
		char *line = custom_line(node);
		if (line)
			n = headers_put_line(headers->lines, n, line);
	}
}

void headers_clear(struct headers *headers)
{
	for (char **line = headers->lines; line && *line; line++)
		free(*line);
	free(headers->lines);
	headers->lines = NULL;
}
