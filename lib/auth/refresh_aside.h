/*
 * refresh_aside: refreshes several logins in parallel, in background processes.
 *
 *	refresh_aside_begin(&jobs[i]) for each, before the first thread starts;
 *	while ((job = refresh_aside_next(jobs, count)))
 *		... job->result; the new tokens are stored ...
 *
 * Each job runs refresh_login() in a process of its own, because signals can be held for
 * only one exchange at a time. A job still saves its tokens if the caller stops waiting
 * for it. Call refresh_aside_next() until it returns NULL, to close all descriptors.
 */
#ifndef KIMI_AUTH_REFRESH_ASIDE_H
#define KIMI_AUTH_REFRESH_ASIDE_H

#include "account/account.h"
#include "auth/refresh.h"
#include "base/err.h"
#include "store/helper.h"

#include <stdbool.h>
#include <stddef.h>

/* The most jobs at once. */
enum { REFRESH_ASIDE_MAX = 64 };

/* What refresh_login() returned. */
struct refresh_aside_result {
	enum refresh_outcome outcome;
	struct err err; /* also ERR_BUSY if no process could be started */
	bool fell_back; /* the tokens were saved in the file, because the keyring did not work: */
	struct helper_error keyring;
};

struct refresh_aside {
	const struct account *who;
	struct refresh_options options;
	void *context; /* the caller's */

	struct refresh_aside_result result;

	int line;   /* the pipe from the process; -1 after its end */
	bool taken; /* by refresh_aside_next() */
};

/* Starts the job. If that fails, refresh_aside_next() returns the job with the error. */
void refresh_aside_begin(struct refresh_aside *job);

/*
 * Waits for the next finished job; NULL: there are no more. After a signal, the remaining
 * jobs have failed.
 */
struct refresh_aside *refresh_aside_next(struct refresh_aside *const jobs[], size_t count);

#endif
