/*
 * handle: the options that all our transfers share. For lib/http only. CURL and CURLM are
 * void here, so that no header includes libcurl's.
 */
#ifndef KIMI_HTTP_HANDLE_H
#define KIMI_HTTP_HANDLE_H

#include "base/err.h"

#include <stdbool.h>

enum { HANDLE_PROXY_MAX = 1024 };

struct handle_proxy {
	char url[HANDLE_PROXY_MAX]; /* with the password, so wipe it; "": no proxy is used */
	bool is_set;                /* one is set, even if it is not used for this URL */
};

/*
 * A new CURLM, of a libcurl that wipes memory when it frees it; libc overwrites all other memory
 * that is freed. It does not wait for slow DNS when it is freed. NULL: it failed. Thread-safe.
 */
void *handle_multi(void);

/*
 * The same, but the program exits if libcurl has no memory (memory.h), for the socket
 * interface: where it has none for a socket, the transfer hangs, and where it has none for
 * a table, it divides by zero. Only the first call of either function decides.
 */
void *handle_multi_with_memory(void);

/*
 * Sets the URL, protocols, proxy, certificates and TLS versions of a CURL handle. It follows
 * no redirect, reads no .netrc and raises no signal. -1 ERR_CONFIG: the proxy's URL is too
 * long.
 */
int handle_prepare(void *easy, const char *url, struct handle_proxy *ret_proxy, struct err *err);

/* A transfer that ended with that CURLcode got something that is not HTTP/1. */
bool handle_is_nonsense(int code);

#endif
