/*
 * usage_fetch: asks the servers of logins for their quota or balance.
 *
 * They are asked side by side: it takes as long as the slowest. What comes is
 * cached (usage_cache.h), and a server that sent Retry-After is not asked again
 * before, by no process.
 */
#ifndef KIMI_API_USAGE_FETCH_H
#define KIMI_API_USAGE_FETCH_H

#include "api/usage.h"

#include <stddef.h>

/*
 * Fills in what became of each. An answer that is at most `max_age` seconds old is
 * taken from the cache; negative: none is.
 */
void usage_fetch(struct usage_login *logins, size_t count, double max_age);

#endif
