/*
 * handle: what every transfer of ours has in common. For lib/http alone; a CURL is
 * a void, so that no header needs libcurl's.
 */
#ifndef KIMI_HTTP_HANDLE_H
#define KIMI_HTTP_HANDLE_H

#include "base/err.h"

#include <stdbool.h>

enum { HANDLE_PROXY_MAX = 1024 };

/* Initialises libcurl with memory that is wiped when it is freed. False: it cannot be. Several threads may call it. */
bool handle_init(void);

/*
 * Sets the URL, protocols, proxy, certificates and TLS versions of a CURL handle; it
 * follows no redirect, reads no .netrc and raises no signal. ret_proxy is the proxy
 * it goes through, "" for none; *ret_proxy_is_set as proxy_for() says. -1 ERR_CONFIG.
 */
int handle_prepare(
    void *easy, const char *url, char ret_proxy[HANDLE_PROXY_MAX], bool *ret_proxy_is_set, struct err *err);

#endif
