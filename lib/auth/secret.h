/*
 * secret: which secret a request carries.
 *
 * One rule for every command that asks a server or hands a secret out:
 *
 *	1. the access token of the login, renewed if that is due;
 *	2. for the login without an account name, where it has no usable tokens: the
 *	   platform's API key in config.toml, if the config names the hosts of that login;
 *	3. where nothing at all is stored: the key of the default model's platform,
 *	   unless a platform was asked for by name, then KIMI_API_KEY.
 *
 * A login that was rejected is no reason to send another service's key in its
 * place. After a 401, secret_next() moves on: a token is renewed once, then the
 * configured key follows.
 */
#ifndef KIMI_AUTH_SECRET_H
#define KIMI_AUTH_SECRET_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

enum secret_kind { SECRET_NONE, SECRET_TOKEN, SECRET_CONFIGURED_KEY, SECRET_ENVIRONMENT_KEY };

struct secret {
	enum secret_kind kind;
	const struct platform *platform; /* the one it is for: not always the one of the login */
	char *value;                     /* owned */
	bool renewed;                    /* by secret_next() */
};

struct secret_source {
	const struct home *home;
	const struct identity *who;
	bool only_this_platform; /* the default model's platform does not stand in */
	bool
	    among_others; /* one of all that are asked: nothing stands in, and an unreadable config holds no key */
	/*
	 * Gets an access token of `who`, owned by the caller; with `renew` another one than
	 * before. -1: ERR_LOGIN_REQUIRED, ERR_REJECTED, or why there is none just now.
	 */
	int (*get_token)(const struct secret_source *source, bool renew, char **ret_token, struct err *err);
	void *context; /* of get_token() */
};

/* The caller clears it. -1: there is none; *err is ERR_LOGIN_REQUIRED where nothing is stored. */
int secret_find(const struct secret_source *source, struct secret *ret_secret, struct err *err);

/*
 * After the server refused it (401): the next secret to try, in its place. False:
 * there is none, and *err is why, left as it was if nothing better is known.
 */
bool secret_next(const struct secret_source *source, struct secret *secret, struct err *err);

/* Wipes and frees it. */
void secret_clear(struct secret *secret);

#endif
