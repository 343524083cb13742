/*
 * context: the login that a command works on, and its home.
 *
 *	struct context context;
 *
 *	if (context_open(&context, &options, err) < 0)
 *		return -1;
 *	... context.home, context.account ...
 */
#ifndef KIMI_CLI_CONTEXT_H
#define KIMI_CLI_CONTEXT_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"

#include <stddef.h>

/* The options that select a login; NULL: not given. */
struct login_options {
	const char *client, *platform, *account;
};

/* Not to be copied: the account points to the home. */
struct context {
	struct home home;
	struct account account;
};

/*
 * Chooses the home (home.h) and finds the login in it. -1: ERR_USAGE, which is checked
 * first, or ERR_CONFIG.
 */
int context_open(struct context *ret_context, const struct login_options *options, struct err *err);

/* The homes for a command over all logins (home_list()), with the hosts of their configs. -1: likewise. */
int context_homes(
    struct home ret_homes[CLIENTS], size_t *ret_count, const struct login_options *options, struct err *err);

#endif
