/*
 * device: the six headers that say which device is asking.
 *
 * X-Msh-Platform, -Version, -Device-Name, -Device-Model, -Os-Version and
 * -Device-Id go with every call to the OAuth host. Each value is printable
 * ASCII, trimmed, and "unknown" when nothing is left of it.
 */
#ifndef KIMI_HOME_DEVICE_HEADERS_H
#define KIMI_HOME_DEVICE_HEADERS_H

#include "base/err.h"
#include "home/home.h"

#include <stddef.h>

enum { DEVICE_HEADERS = 6, DEVICE_HEADER_MAX = 320 };

struct device {
	char lines[DEVICE_HEADERS][DEVICE_HEADER_MAX]; /* "Name: value" */
	const char *headers[DEVICE_HEADERS + 1];       /* the lines, ended by NULL, as http wants them */
};

/*
 * Fills in the headers. The id is the one in the home's device_id file, which is
 * made if it is not there; where it can be neither read nor made, the device
 * goes by an id of this run alone.
 */
void device_describe(struct device *device, const struct home *home);

/* Copies `value` as a header may carry it: 0x20 to 0x7e, trimmed, "unknown" if nothing is left. */
void device_clean_value(const char *value, char *ret_clean, size_t size);

#endif
