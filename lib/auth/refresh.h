/*
 * refresh: spends a refresh token once, and never loses the new tokens.
 *
 * Parallel processes send one request in total: a process that waited for the lock reads
 * the login again and finds it refreshed. An attempt holds the lock of the home's client
 * from start to end:
 *
 *	lock, load again, still needed?, may this host get it?, rejected before?,
 *	store_prepare(), hold signals, exchange, store_save(), release signals, unlock
 *
 * There are up to three attempts, and the lock is free between them. After a 429 or 5xx
 * the metadata says until when no process may ask again; until then, other processes
 * fail at once.
 */
#ifndef KIMI_AUTH_REFRESH_H
#define KIMI_AUTH_REFRESH_H

#include "base/err.h"
#include "store/store.h"
#include "store/token.h"

#include <stdbool.h>

struct refresh_options {
	bool force;       /* even if the token is not due */
	bool insist;      /* the user asks: ignore earlier rejections and requests to wait */
	bool background;  /* use the rule of token_is_due(), for cron */
	double min_valid; /* seconds that must be left, see token_wanted_left() */
};

enum refresh_outcome {
	REFRESH_FAILED = -1,
	REFRESH_NOT_NEEDED, /* the stored token is valid for long enough */
	REFRESH_DONE,       /* this process refreshed it */
	REFRESH_BY_OTHER,   /* another process refreshed it meanwhile */
};

/* Whether this token must be refreshed now. */
bool refresh_is_needed(const struct refresh_options *options, const struct token *token);

/*
 * Refreshes the login of `store` (opened, not locked) if the options ask for it. *ret_token
 * is the login that is stored afterwards; the caller clears it. REFRESH_FAILED fills *err,
 * and the old login is still stored: ERR_LOGIN_REQUIRED, ERR_REJECTED, ERR_WRONG_HOST,
 * ERR_STORAGE, ERR_BUSY (no lock within 30 s), ERR_NETWORK, ERR_SERVER, ERR_PROTOCOL,
 * ERR_CONFIG, ERR_INTERRUPTED.
 */
enum refresh_outcome refresh_login(
    struct store *store, const struct refresh_options *options, struct token *ret_token, struct err *err);

#endif
