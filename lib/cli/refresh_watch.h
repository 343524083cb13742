/*
 * refresh_watch: stays running and keeps logins fresh.
 *
 * At each interval it checks each login and refreshes it if it is due. After the machine was
 * suspended, which it sees by comparing the wall clock with the monotonic clock, it refreshes
 * at once. A failed refresh is tried again at the next interval.
 *
 * It prints changes only: a refresh, a new problem, the end of a problem. With
 * `quiet` it does not print temporary problems.
 */
#ifndef KIMI_CLI_REFRESH_WATCH_H
#define KIMI_CLI_REFRESH_WATCH_H

#include "account/account.h"
#include "auth/refresh.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

struct refresh_watch_options {
	const struct report *report;
	const struct home *homes; /* where logins are looked for at every check, new ones too */
	size_t home_count;
	const struct account *only; /* watch this login of the first home; NULL: all logins */
	const struct refresh_options *refresh;
	double interval; /* seconds between two checks */
};

/*
 * Watches until a signal asks to stop; a refresh that is under way is completed first.
 * 0: stopped by a signal. -1: ERR_BUSY (no memory) or ERR_CONFIG.
 */
int refresh_watch_run(const struct refresh_watch_options *options, struct err *err);

#endif
