/*
 * refresh_many: refreshes several logins in parallel, and turns their failures into one error.
 *
 *	struct refresh_many many = {.report = ..., .options = ...};
 *
 *	refresh_many_home(&many, home, err) ... or refresh_many_account(&many, account);
 *	result = refresh_many_run(&many, err);
 *	refresh_many_clear(&many);
 *
 * A failure stops no other login.
 */
#ifndef KIMI_CLI_REFRESH_MANY_H
#define KIMI_CLI_REFRESH_MANY_H

#include "account/account.h"
#include "auth/refresh.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

#include <stdbool.h>
#include <stddef.h>

struct refresh_many {
	/* Set by the caller; borrowed. */
	struct report *report;
	const struct refresh_options *options;
	bool several_homes;  /* as in refresh_one.h */
	const char *storage; /* move the logins to this store, by its name; NULL: leave them */

	struct refresh_many_login *logins; /* owned */
	size_t count;

	/* The result. */
	size_t found;         /* stored logins */
	struct err not_found; /* of the first login that is not stored */
	int result;
	bool can_wait;  /* with --quiet the failure need not be reported */
	struct err err; /* the first failure, or the first that cannot wait */
};

/* Adds one login. */
void refresh_many_account(struct refresh_many *many, const struct account *account);

/* Adds every login of a home, of all accounts. -1: as account_list(). */
int refresh_many_home(struct refresh_many *many, const struct home *home, struct err *err);

/*
 * Refreshes the logins and reports each in the order in which they were added.
 *
 * 0: all logins are fresh. -1: *err is the error to report, ERR_LOGIN_REQUIRED if no login was
 * found; report->silent is set if it can wait. Further errors have been reported.
 */
int refresh_many_run(struct refresh_many *many, struct err *err);

void refresh_many_clear(struct refresh_many *many);

#endif
