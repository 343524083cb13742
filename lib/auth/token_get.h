/*
 * token_get: gets a valid access token, without HTTP.
 *
 * This is the hot path of the toolkit. A fresh token costs one file read: no config, no
 * lock, no network. A due token is refreshed by kimi-refresh in a session of its own, so
 * that a signal to the caller's process group cannot interrupt an exchange.
 */
#ifndef KIMI_AUTH_TOKEN_GET_H
#define KIMI_AUTH_TOKEN_GET_H

#include "base/err.h"
#include "store/store.h"
#include "store/token.h"

#include <stdbool.h>

struct token_result {
	struct token token; /* not expired */
	bool satisfied;     /* it is valid for at least as long as was asked for */
	struct err error;   /* of a refresh that was needed and failed; ERR_NONE: no error */
};

struct token_options {
	double min_valid; /* seconds; negative: see token_wanted_left() */
	bool no_refresh;
};

/*
 * Gets a valid access token of `store` (opened). Waits for a refresh for at most 4 s
 * while the old token is still valid, else until the refresh ends. The caller clears
 * ret_result->token. -1: there is no valid token; ERR_LOGIN_REQUIRED if nothing is
 * stored. The hint names the account.
 */
int token_get(struct store *store, const struct token_options *options, struct token_result *ret_result,
    struct err *err);

#endif
