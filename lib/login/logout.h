/*
 * logout: removes a login.
 *
 * Removes the tokens from the private file and the keyring, and what login wrote to
 * config.toml. A failure of one does not stop the other. Nothing is sent to the server,
 * which cannot revoke a token.
 */
#ifndef KIMI_LOGIN_LOGOUT_H
#define KIMI_LOGIN_LOGOUT_H

#include "account/account.h"
#include "base/err.h"

#include <stdbool.h>

struct logout {
	bool removed_tokens, removed_config;
	const char *storage;   /* where the login was: "file", "keyring" or "config"; NULL: nowhere */
	bool swept;            /* removed temporary files that a killed command had left */
	bool tokens_failed;    /* the error is about the tokens, and a copy of them may be left */
	double expires_at;     /* of the access token that was removed; 0: there was none */
	struct err config_err; /* set if both failed: *err is then about the tokens */
};

/*
 * Removes the login. A home that has none of it is no error.
 * -1: ERR_STORAGE, ERR_BUSY, ERR_CONFIG or ERR_INTERRUPTED; *ret_logout is set as far as it went.
 */
int logout_run(const struct account *account, struct logout *ret_logout, struct err *err);

#endif
