/*
 * usage_cache: the last quota response for each login, and until when its server asked
 * not to be called (Retry-After).
 *
 * $XDG_RUNTIME_DIR/kimi/usage-HASH (0600 in 0700) holds the parts of the response that
 * usage.h reads, and no secret. Without a runtime directory it is in that of
 * state_dir.h, if nobody else can write there and the home belongs to this user.
 * KIMI_NO_CACHE turns it off.
 */
#ifndef KIMI_API_USAGE_CACHE_H
#define KIMI_API_USAGE_CACHE_H

#include "account/account.h"
#include "api/usage.h"
#include "store/metadata.h"

#include <jansson.h>
#include <stdbool.h>

struct usage_cache {
	json_t *response;  /* owned; NULL: there is none */
	double fetched_at; /* seconds since the epoch */
	double failed_at;  /* when the server did not answer and named no time to wait; 0: it did answer */
	struct metadata_wait wait; /* in which the server must not be asked */
};

/* Reads the cache of a located login (account.h); all zero if there is none. The caller clears it. */
void usage_cache_load(struct usage_cache *ret_cache, const struct account *account);

/* Replaces the cached data. Ignores errors. */
void usage_cache_save(const struct usage_cache *cache, const struct account *account);

/* Removes the cached data. Call it when the login is removed or replaced. */
void usage_cache_drop(const struct account *account);

/* Age of the response in seconds; INFINITY: there is none, or it is from the future. */
double usage_cache_age(const struct usage_cache *cache);

/*
 * Seconds until a server that has failed may be asked by a caller who is content with a response of
 * `max_age` seconds, at most a minute; 0: now.
 */
double usage_cache_failure_left(const struct usage_cache *cache, double max_age);

/* Reads the response. Returns false if there is none, or it is invalid. */
bool usage_cache_read(
    const struct usage_cache *cache, const struct platform *platform, struct usage *ret_usage);

/* Reads the cached usage if it is at most `max_age` seconds old, else returns false. */
bool usage_cache_look(const struct account *account, double max_age, struct usage *ret_usage);

void usage_cache_clear(struct usage_cache *cache);

#endif
