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

#include <stddef.h>

/* The proxy's URL for `url`, "" for none. The exceptions of no_proxy are left to libcurl: see proxy_exceptions(). */
void proxy_for(const char *url, char *ret_proxy, size_t size);

/* The list of hosts that are asked directly, "" if there is none. */
const char *proxy_exceptions(void);

/* The proxy as it may be shown: without user name and password. */
void proxy_shown(const char *proxy, char *ret_text, size_t size);

#endif
