/*
 * catalog: the model lists of the platforms one is logged in to.
 *
 * Platforms are asked side by side: it takes as long as the slowest, refresh
 * included.
 */
#ifndef KIMI_API_MODEL_LISTS_H
#define KIMI_API_MODEL_LISTS_H

#include "account/account.h"
#include "api/models.h"
#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"

#include <stdbool.h>
#include <stddef.h>

struct catalog {
	struct catalog_entry {
		const struct platform *platform;
		bool failed;
		struct err err; /* why */
		struct models models;
	} entries[PLATFORMS_MAX];
	size_t count;
};

/*
 * Fetches the list of `only`, or (NULL) of every platform one is logged in to:
 * there is always at least one entry, and each fails by itself, with
 * ERR_LOGIN_REQUIRED if there is no login. `config` is the config as it was read,
 * NULL for none. The caller clears the catalog.
 */
void catalog_fetch(
    struct catalog *catalog, const struct home *home, const struct toml *config, const struct identity *only);

/* Fetches one list with a secret that is not stored yet, as login does. */
int catalog_fetch_with(const struct home *home, const struct toml *config, const struct identity *who,
    const char *bearer, struct models *ret_models, struct err *err);

void catalog_clear(struct catalog *catalog);

#endif
