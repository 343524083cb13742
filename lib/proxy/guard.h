/*
 * guard: who may use the proxy, and for what.
 *
 * A program on this machine that has the local key may. A web page in a browser
 * may not, by whatever name it reaches the proxy (DNS rebinding); nor may another
 * user. The key is looked at last, so that a page learns nothing by guessing it.
 */
#ifndef KIMI_PROXY_GUARD_H
#define KIMI_PROXY_GUARD_H

#include "proxy/fields.h"

#include <stdbool.h>
#include <stddef.h>

struct guard_rules {
	const char *key;
	const char *hosts[4]; /* what Host may be, in any case; ended by NULL */
};

struct guard_request {
	const char *method, *target; /* as they came */
	const struct field *fields;
	size_t count;
};

struct guard_answer {
	int status;          /* 0: the request may pass */
	const char *type;    /* for the error object */
	const char *message; /* with what to do */
};

/* What to answer; nothing else is looked at or changed. */
struct guard_answer guard_check(const struct guard_rules *rules, const struct guard_request *request);

/* Takes the same time whatever `given` is, as long as its length is the same. */
bool guard_is_key(const char *key, const char *given);

#endif
