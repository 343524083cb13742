/*
 * usage_logins: the logins whose quota a command asks for.
 *
 *	struct usage_logins logins;
 *
 *	if (usage_logins_ask(&logins, &options, err) == 0)
 *		... logins.items[0 to logins.count - 1] ...
 *	usage_logins_clear(&logins);
 */
#ifndef KIMI_CLI_USAGE_LOGINS_H
#define KIMI_CLI_USAGE_LOGINS_H

#include "api/usage.h"
#include "base/err.h"
#include "cli/usage_options.h"
#include "home/home.h"

#include <stddef.h>

struct usage_logins {
	struct home homes[CLIENTS];
	struct usage_login *items; /* owned, at least one */
	size_t count;
};

/*
 * Finds the login that the options mean, or with --all every login of every home, and asks
 * their servers. A login that could not be asked is marked as failed. With --all, platforms
 * without a login are left out. If nothing is stored, it is as for kimi token: the platform of
 * the default model, then KIMI_API_KEY. -1: ERR_USAGE, ERR_CONFIG or ERR_BUSY.
 */
int usage_logins_ask(struct usage_logins *ret_logins, const struct usage_options *options, struct err *err);

/* Whether it failed because nothing is stored. */
bool usage_login_is_missing(const struct usage_login *login);

/* The login whose error sets the exit status: an interrupted one, else the first. NULL: none failed. */
const struct usage_login *usage_logins_failed(const struct usage_logins *logins);

void usage_logins_clear(struct usage_logins *logins);

#endif
