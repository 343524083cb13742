/*
 * secret: which secret a request carries.
 *
 * All commands that ask a server or print a secret use this rule:
 *
 *	1. the access token of the login, refreshed if it is due;
 *	2. for the default account, if it has no usable tokens: the platform's API key
 *	   in config.toml, if the config names the hosts of that login;
 *	3. if nothing is stored at all: the key of the default model's platform, unless
 *	   a platform was given, then KIMI_API_KEY.
 *
 * If the login was rejected, the key of another service is not used instead. After a 401,
 * secret_next() continues: it refreshes the token once, then takes the configured key.
 */
#ifndef KIMI_AUTH_SECRET_H
#define KIMI_AUTH_SECRET_H

#include "account/account.h"
#include "base/err.h"
#include "format/toml.h"

#include <stdbool.h>

enum secret_kind { SECRET_NONE, SECRET_TOKEN, SECRET_CONFIGURED_KEY, SECRET_ENVIRONMENT_KEY };

struct secret {
	enum secret_kind kind;
	const struct platform *platform; /* that accepts it; not always that of the login */
	char *value;                     /* owned */
	bool renewed;                    /* by secret_next() */
};

struct secret_source {
	const struct account *who;
	const struct toml *config; /* of its home, if the caller has read it; else NULL */
	bool only_this_platform;   /* a platform was given: do not use the default model's instead */
	bool among_others;         /* of a list: use its own secrets, ignore an unreadable config */
	/*
	 * Gets an access token of `who`, owned by the caller; with `renew`, a new one. -1:
	 * ERR_LOGIN_REQUIRED, ERR_REJECTED, or another error if there is no token right now.
	 */
	int (*get_token)(const struct secret_source *source, bool renew, char **ret_token, struct err *err);
	void *context; /* of get_token() */
};

/*
 * The caller clears *ret_secret. -1: there is no secret; ERR_LOGIN_REQUIRED if nothing is
 * stored.
 */
int secret_find(const struct secret_source *source, struct secret *ret_secret, struct err *err);

/*
 * After a 401: replaces *secret by the next one to try. False: there is no other. *err is
 * then the error of the refresh, or unchanged if none was tried.
 */
bool secret_next(const struct secret_source *source, struct secret *secret, struct err *err);

/* Wipes and frees it. */
void secret_clear(struct secret *secret);

#endif
