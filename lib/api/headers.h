/*
 * headers: all headers of a request to a platform except Authorization.
 *
 * These are the six device headers, and custom_headers of the platform's provider
 * in config.toml.
 */
#ifndef KIMI_API_HEADERS_H
#define KIMI_API_HEADERS_H

#include "format/toml.h"
#include "home/device_headers.h"

struct headers {
	char **lines; /* "Name: value", ended by NULL; owned */
};

/*
 * Builds the list; the caller frees it with headers_clear(). `custom` is the table from
 * config_custom_headers(), or NULL. As in kimi-cli, a custom header replaces the device
 * header of that name. Headers that are invalid, and Authorization, are left out.
 */
void headers_build(
    struct headers *headers, const struct device_headers *device, const struct toml_node *custom);
void headers_clear(struct headers *headers);

#endif
