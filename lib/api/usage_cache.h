/*
 * usage_cache: the last answer of each login about its quota, and how long its
 * server asked to be left alone.
 *
 * $XDG_RUNTIME_DIR/kimi/usage-HASH (0600 in 0700, gone at logout and reboot) holds
 * the parts of the answer that usage.h reads, and no secret. Without such a folder,
 * or with KIMI_NO_CACHE, there is none.
 */
#ifndef KIMI_API_USAGE_CACHE_H
#define KIMI_API_USAGE_CACHE_H

#include "account/account.h"
#include "api/usage.h"
#include "home/home.h"

#include <jansson.h>
#include <stdbool.h>

struct usage_cache {
	json_t *answer;    /* owned; NULL: there is none */
	double fetched_at; /* seconds since the epoch */
	/* The server is not to be asked between these. */
	double waits_since, waits_until;
};

/* What is cached of that login, which was located (account.h); all zero if nothing is. The caller clears it. */
void usage_cache_load(struct usage_cache *ret_cache, const struct home *home, const struct identity *who);

/* Replaces it whole. Failing to cache is no failure. */
void usage_cache_save(const struct usage_cache *cache, const struct home *home, const struct identity *who);

/* Call it when the login is removed or replaced. */
void usage_cache_drop(const struct home *home, const struct identity *who);

/* How many seconds old the answer is; INFINITY: there is none, or it is from the future. */
double usage_cache_age(const struct usage_cache *cache);

/* Notes that the server asked to be left alone for so many seconds; a day at most. */
void usage_cache_wait(struct usage_cache *cache, double seconds);

/* Seconds until the server may be asked; 0: now. */
double usage_cache_wait_left(const struct usage_cache *cache);

/* Reads the answer. False: there is none, or it makes no sense. */
bool usage_cache_read(
    const struct usage_cache *cache, const struct platform *platform, struct usage *ret_usage);

/* What is cached of the login, if it is at most `max_age` seconds old. */
bool usage_cache_look(
    const struct home *home, const struct identity *who, double max_age, struct usage *ret_usage);

void usage_cache_clear(struct usage_cache *cache);

#endif
