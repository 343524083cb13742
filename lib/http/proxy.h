/*
 * proxy: the proxy a request goes through, from the usual variables.
 *
 * https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY (http_proxy for http), and
 * no_proxy, NO_PROXY, as libcurl reads them, but: socks:// means SOCKS5 with the
 * name resolved there, as both Kimi clients take it, and loopback never goes
 * through a proxy.
 */
#ifndef KIMI_HTTP_PROXY_H
#define KIMI_HTTP_PROXY_H

#include <stdbool.h>
#include <stddef.h>

/* The proxy's URL for `url`, "" for none. True: one is set, be it that this URL does not go through it. */
bool proxy_for(const char *url, char *ret_proxy, size_t size);

/* The name of the variable that the proxy for `url` is from, "" if none is set. */
const char *proxy_variable(const char *url);

/* The list of hosts that are asked directly, "" if there is none. */
const char *proxy_exceptions(void);

/*
 * Whether such a list names the host: "*" is all; "example.com", ".example.com" and "*.example.com" are that domain and
 * all below it; an address is itself, also in brackets, and 10.0.0.0/8 or fd00::/8 all of that net. "HOST:PORT" is that
 * port alone. Entries are parted by commas, blanks or ends of lines.
 */
bool proxy_is_exempt(const char *list, const char *host, unsigned port);

/* The proxy as it may be shown: without user name and password. */
void proxy_shown(const char *proxy, char *ret_text, size_t size);

#endif
