/*
 * device_headers: the six headers that identify the device.
 *
 * Every request to the OAuth host has X-Msh-Platform, -Version, -Device-Name,
 * -Device-Model, -Os-Version and -Device-Id. Each value is printable ASCII, trimmed, and
 * "unknown" if nothing is left.
 */
#ifndef KIMI_HOME_DEVICE_HEADERS_H
#define KIMI_HOME_DEVICE_HEADERS_H

#include "home/home.h"

#include <stddef.h>

enum { DEVICE_HEADERS = 6, DEVICE_HEADER_MAX = 320 };

struct device_headers {
	char lines[DEVICE_HEADERS][DEVICE_HEADER_MAX]; /* "Name: value" */
	const char *headers[DEVICE_HEADERS + 1];       /* for struct http_request; ended by NULL */
};

/*
 * Fills in the headers. The device id is in the home's device_id file, which is created if
 * it is missing. If it can be neither read nor created, this process uses a random id.
 */
void device_headers_fill(struct device_headers *device, const struct home *home);

/*
 * Copies what a header may contain of `value`: 0x20 to 0x7e, trimmed, "unknown" if
 * nothing is left.
 */
void device_headers_clean_value(const char *value, char *ret_clean, size_t size);

#endif
