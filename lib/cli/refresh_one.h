/*
 * refresh_one: refreshes one stored login and reports the result.
 */
#ifndef KIMI_CLI_REFRESH_ONE_H
#define KIMI_CLI_REFRESH_ONE_H

#include "account/account.h"
#include "auth/refresh.h"
#include "auth/refresh_aside.h"
#include "base/err.h"
#include "store/store.h"
#include "store/token.h"
#include "ui/report.h"

#include <stdbool.h>

struct refresh_one {
	/* Set by the caller; borrowed. */
	const struct report *report;
	const struct account *account;
	const struct refresh_options *options;
	bool several_homes;                       /* messages say which client's home the login is in */
	const struct refresh_aside_result *aside; /* it was refreshed in another process; NULL: it was not */

	/* The result. */
	bool is_open;
	struct store store;
	struct token token; /* as it is stored now; the caller clears it */
	enum refresh_outcome outcome;
};

/* Whether the login must probably be refreshed: it is due, or only the keyring knows. */
bool refresh_one_is_due(struct refresh_one *one);

/*
 * Makes the login as fresh as the options say (auth/refresh.h), and notes what a person
 * should know about where it is stored. Errors are those of refresh_login(); here and
 * below they name the account, and the client if there are several homes.
 */
int refresh_one_run(struct refresh_one *one, struct err *err);

/*
 * Call it after refresh_one_run(). -1 ERR_REJECTED: the login cannot be refreshed any
 * more, so somebody must log in, although its access token is still valid.
 */
int refresh_one_foresee(const struct refresh_one *one, struct err *err);

/* Whether --quiet need not report this failure: it is temporary, and the stored token is still valid. */
bool refresh_one_can_wait(const struct refresh_one *one, const struct err *failure);

/* Reports the outcome and how long the token is valid: the success event. */
void refresh_one_tell(const struct refresh_one *one);

#endif
