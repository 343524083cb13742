/*
 * access: a token that is good for a while, without speaking HTTP.
 *
 * The hot path of the toolkit. A fresh token costs one file read: no config, no
 * lock, no network. When a refresh is due, kimi-refresh is run in a session of
 * its own, so that whoever kills the caller and its whole process group cannot
 * lose an exchange under way.
 */
#ifndef KIMI_AUTH_TOKEN_GET_H
#define KIMI_AUTH_TOKEN_GET_H

#include "account/account.h"
#include "base/err.h"
#include "store/store.h"
#include "store/token.h"

#include <stdbool.h>

struct access {
	struct token token; /* alive */
	bool satisfied;     /* it lives at least as long as was asked for */
	struct err trouble; /* why it was not refreshed although it should have been; ERR_NONE: all is well */
};

struct access_wish {
	double min_valid; /* seconds, negative: the usual */
	bool no_refresh;
};

/*
 * Gets a living access token of `store` (opened). While the old token lives the
 * refresher is waited for 4 s at most; without one, to its own end.
 * The caller clears ret_access->token. -1: no living token is to be had; the code
 * is ERR_LOGIN_REQUIRED where nothing is stored.
 */
int access_get(const struct identity *who, struct store *store, const struct access_wish *wish,
    struct access *ret_access, struct err *err);

#endif
