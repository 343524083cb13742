/*
 * proxy: the proxy for a request, from the usual environment variables.
 *
 * https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY (http_proxy for http), no_proxy and
 * NO_PROXY work as in libcurl, with two differences: socks:// means SOCKS5 with
 * remote name resolution, as in both Kimi clients, and loopback never uses a proxy.
 */
#ifndef KIMI_HTTP_PROXY_H
#define KIMI_HTTP_PROXY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The URL of the proxy for `url`, or "". True: a proxy is set, even if it is not used for
 * this URL.
 */
bool proxy_for(const char *url, char *ret_proxy, size_t size);

/* The name of the variable with the proxy for `url`; "" if none is set. */
const char *proxy_variable(const char *url);

/* The list of hosts that do not use a proxy, or "". */
const char *proxy_exceptions(void);

/*
 * Whether such a list contains the host. Entries are separated by commas, white space or
 * line ends: "*" is every host; "example.com", ".example.com" and "*.example.com" are that
 * domain and its subdomains; an address may be in brackets; 10.0.0.0/8 or fd00::/8 is a
 * network; "HOST:PORT" is only that port.
 */
bool proxy_is_exempt(const char *list, const char *host, unsigned port);

/* The proxy without user name and password, for messages. */
void proxy_shown(const char *proxy, char *ret_text, size_t size);

/*
 * The error of a proxy for `url` that responded with 407 (RFC 9110 section 15.5.8), so that
 * `host` was not reached: ERR_CONFIG, returns -1.
 */
int proxy_wants_password(const char *url, const char *host, struct err *err);

#endif
