/*
 * usage_fetch: asks the servers of several logins for their quota or balance.
 *
 * Requests run in parallel, so it takes as long as the slowest one. Responses are cached
 * (usage_cache.h). After a Retry-After no process asks that server before the time is over.
 */
#ifndef KIMI_API_USAGE_FETCH_H
#define KIMI_API_USAGE_FETCH_H

#include "api/usage.h"

#include <stddef.h>

/*
 * Fills in the result of each login. Uses the cache if it is at most `max_age` seconds old;
 * negative: never.
 */
void usage_fetch(struct usage_login *logins, size_t count, double max_age);

#endif
