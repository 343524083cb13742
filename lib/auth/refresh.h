/*
 * refresh: spending the refresh token, once, and never losing what comes back.
 *
 * However many processes ask at once, one request goes to the server: whoever
 * waited for the lock reads the login again and finds it renewed. One attempt
 * runs entirely under the lock that kimi-cli takes too:
 *
 *	lock, load again, is it still needed?, may this host have it?, was it rejected?,
 *	store_prepare(), hold signals, exchange, store_save(), release signals, unlock
 *
 * Up to three attempts; between them the lock is free. Where the host answered 429
 * or 5xx the state remembers until when it is not asked again; other processes
 * that want a refresh until then fail at once.
 */
#ifndef KIMI_AUTH_REFRESH_H
#define KIMI_AUTH_REFRESH_H

#include "base/err.h"
#include "home/home.h"
#include "store/store.h"
#include "store/token.h"

#include <stdbool.h>

struct refresh_wish {
	bool force; /* whatever its age */
	bool
	    insist; /* even if it was rejected or the host asked to wait, before this was called: a person asks */
	bool background;  /* the rule of token_is_due(), for cron */
	double min_valid; /* seconds that must be left, as token_wanted_left() takes them */
};

enum refresh_outcome {
	REFRESH_NOT_NEEDED, /* the stored login is good as it is */
	REFRESH_DONE,       /* renewed now */
	REFRESH_BY_OTHER,   /* another process renewed it meanwhile */
};

/* Whether the wish asks for an exchange of this login now. */
bool refresh_is_needed(const struct refresh_wish *wish, const struct token *token);

/*
 * Makes the login of `store` (opened, not locked) as fresh as wished. *ret_token
 * is the login that is stored then; the caller clears it. -1: the old login is
 * still stored. ERR_LOGIN_REQUIRED, ERR_REJECTED, ERR_WRONG_HOST, ERR_STORAGE,
 * ERR_BUSY (the lock, within 30 s), ERR_NETWORK, ERR_SERVER, ERR_PROTOCOL,
 * ERR_CONFIG, ERR_INTERRUPTED.
 */
int refresh_login(const struct home *home, struct store *store, const struct refresh_wish *wish,
    struct token *ret_token, enum refresh_outcome *ret_outcome, struct err *err);

#endif
