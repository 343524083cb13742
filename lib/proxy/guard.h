/*
 * guard: who may use the proxy, and for what.
 *
 * A program on this machine that has the local key may use it. A web page in a
 * browser may not, under any name of the proxy (DNS rebinding), nor may another
 * user. The key is checked last, so that a web page learns nothing by guessing it.
 */
#ifndef KIMI_PROXY_GUARD_H
#define KIMI_PROXY_GUARD_H

#include "proxy/request_head.h"

#include <stdbool.h>

struct guard_rules {
	const char *key;
	const char *hosts[4]; /* accepted values of Host, case-insensitive; ended by NULL */
};

struct guard_result {
	int status;          /* 0: the request may pass */
	const char *type;    /* for the error object */
	const char *message; /* what is wrong and what to do */
};

/* Returns whether the request may pass, or how to refuse it. */
struct guard_result guard_check(const struct guard_rules *rules, const struct request_head *request);

/* Compares in constant time for a given length. */
bool guard_is_key(const char *key, const char *given);

#endif
