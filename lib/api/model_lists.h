/*
 * model_lists: fetches the model lists of all platforms with a login.
 *
 * Requests run in parallel, so it takes as long as the slowest one, including a refresh.
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

struct model_lists {
	struct model_list {
		const struct platform *platform;
		bool failed;
		struct err err; /* if it failed */
		struct models models;
	} entries[PLATFORMS_MAX];
	size_t count;
};

/*
 * Fetches the list of `only`, or (NULL) of every platform with a login. There is always at
 * least one entry, and each can fail on its own, with ERR_LOGIN_REQUIRED if there is no
 * login. `config` is the config of the home, or NULL. The caller clears the lists.
 */
void model_lists_fetch(struct model_lists *catalog, const struct home *home, const struct toml *config,
    const struct account *only);

/* Fetches one list with a secret that is not stored yet, for login. -1: as a request fails (request.h). */
int model_lists_fetch_with(const struct toml *config, const struct account *account, const char *bearer,
    struct models *ret_models, struct err *err);

/* No list could be fetched. */
bool model_lists_all_failed(const struct model_lists *catalog);

void model_lists_clear(struct model_lists *catalog);

#endif
