/*
 * renewal: renewing one stored login, and telling about it.
 */
#ifndef KIMI_CLI_REFRESH_ONE_H
#define KIMI_CLI_REFRESH_ONE_H

#include "account/account.h"
#include "auth/refresh.h"
#include "base/err.h"
#include "home/home.h"
#include "store/store.h"
#include "store/token.h"
#include "ui/report.h"

#include <stdbool.h>

struct renewal {
	const struct identity *who; /* borrowed */
	struct store store;         /* where the login lies */
	struct token token;         /* as it is stored now */
	enum refresh_outcome outcome;
};

/*
 * Makes the login as fresh as wished (refresh.h) and says what a person should
 * know about its store. The caller clears ret_renewal->token. An error names the
 * account, here and below.
 */
int renewal_run(const struct report *report, const struct home *home, const struct identity *who,
    const struct refresh_wish *wish, struct renewal *ret_renewal, struct err *err);

/* -1: its access token is its last, though it still lives: ERR_REJECTED, since somebody must log in. */
int renewal_foresee(const struct renewal *renewal, struct err *err);

/*
 * With --quiet nobody need be told of this failure: it passes, and the token that
 * is stored serves until then.
 */
bool renewal_can_wait(const struct report *report, const struct home *home, const struct identity *who,
    const struct err *failure);

/* Says what became of it, and how long the token is good for: the success event. */
void renewal_tell(const struct report *report, const struct renewal *renewal);

#endif
