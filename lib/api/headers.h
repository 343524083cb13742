/*
 * headers: every header that a request to a platform carries, but Authorization.
 *
 * The six device headers, and the custom_headers that the user gave the
 * platform's provider in config.toml.
 */
#ifndef KIMI_API_HEADERS_H
#define KIMI_API_HEADERS_H

#include "base/err.h"
#include "format/toml.h"
#include "home/device_headers.h"

struct headers {
	char **lines; /* "Name: value", ended by NULL; owned */
};

/*
 * Builds the list; the caller frees it with headers_clear(). `custom` is the table
 * that config_custom_headers() gave, or NULL. A custom header takes the place of the device header of its name, as in
 * kimi-cli; one that could not be sent (a name or value that is none, or
 * Authorization, which is ours) is left out. -1: no memory.
 */
int headers_build(
    struct headers *headers, const struct device *device, const struct toml_node *custom, struct err *err);
void headers_clear(struct headers *headers);

#endif
