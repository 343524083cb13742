/*
 * context: the login that a command works on, and the home it lies in.
 *
 *	struct context context;
 *
 *	if (context_open(&context, &options, err) < 0)
 *		return -1;
 *	... context.home, context.who ...
 */
#ifndef KIMI_CLI_CONTEXT_H
#define KIMI_CLI_CONTEXT_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"

#include <stddef.h>

/* The options that say which login is meant, as they were given; NULL: not given. */
struct login_options {
	const char *client, *platform, *account;
};

struct context {
	struct home home;
	struct identity who;
};

/*
 * Chooses the home (home.h) and finds the login in it. -1: ERR_USAGE before anything
 * else, ERR_CONFIG.
 */
int context_open(struct context *ret_context, const struct login_options *options, struct err *err);

/* The homes that a command over all logins covers (home_list()), with the hosts that their configs name. */
int context_homes(
    struct home ret_homes[CLIENTS], size_t *ret_count, const struct login_options *options, struct err *err);

#endif
