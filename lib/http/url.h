/*
 * url: which URLs may be requested, opened or shown. Needs no libcurl.
 */
#ifndef KIMI_HTTP_URL_H
#define KIMI_HTTP_URL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Checks that the URL is https, or http to loopback (localhost, 127.0.0.0/8, ::1), with a
 * host, without a user name, and of printable ASCII. -1 ERR_CONFIG: it must not be used.
 */
int url_check(const char *url, struct err *err);

/* Copies "host" or "host:port" of a checked URL, for messages. */
void url_host(const char *url, char *ret_host, size_t size);

/*
 * The host without the port, and without the brackets of an IPv6 address. False: there is
 * no valid host and port.
 */
bool url_bare_host(const char *url, char *ret_host, size_t size);

/* The port of a URL with a host; by default, that of the scheme. */
unsigned url_port(const char *url);

/*
 * The same scheme, host, port and path. Ignores case and a final dot of the host, and a
 * default port.
 */
bool url_is_same(const char *a, const char *b);

bool url_is_loopback(const char *url);

#endif
