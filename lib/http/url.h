/*
 * url: which URLs may be asked, opened or shown. Needs no libcurl.
 */
#ifndef KIMI_HTTP_URL_H
#define KIMI_HTTP_URL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The URL is https, or http to loopback (localhost, 127.0.0.0/8, ::1), has a
 * host, no user name in it and only printable ASCII. -1: ERR_CONFIG.
 */
int url_check(const char *url, struct err *err);

/* Copies "host" or "host:port" of a checked URL, for messages. */
void url_host(const char *url, char *ret_host, size_t size);

/* The host alone, without its port and the brackets of an IPv6 address. False: there is none, or the rest is no port. */
bool url_bare_host(const char *url, char *ret_host, size_t size);

/* The port of a URL with a host, where it names none that of its scheme. */
unsigned url_port(const char *url);

/* The same scheme, host, port and path: case and a dot at the host's end make no difference, nor does a port that is the scheme's own. */
bool url_is_same(const char *a, const char *b);

bool url_is_loopback(const char *url);

#endif
