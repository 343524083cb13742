/*
 * dir_lock: the refresh lock of kimi-code's home, as a correct kimi-code process takes it.
 *
 * kimi-code knows no flock. Whoever makes the directory HOME/oauth/SLOT.lock
 * holds the lock, and sets its mtime every few seconds to show that it is alive:
 * 5 s after the last stamp anyone may take it over. A kimi-code whose lock is
 * touched or removed meanwhile ends at once, and what it is receiving is lost.
 *
 *	dir_lock_acquire(&lock, home, slot, clock_ms() + 30000, err);
 *	... read the login again, it may have been refreshed ...
 *	if (!dir_lock_is_ours(&lock))        right before the refresh token is sent: do not send it
 *	... the exchange, however long ...
 *	if (!dir_lock_is_ours(&lock))        right before the save: read the login first, it may be newer
 *	... save ...
 *	dir_lock_release(&lock);
 *
 * While it is held, a thread stamps the directory every 2 s, so that a slow call
 * cannot hold that up. The thread blocks all signals. A directory that is
 * neither ours nor stale is never stamped, renamed or removed, and nothing is
 * ever put into one.
 *
 * Our own processes queue on a flock first, the file HOME/credentials/SLOT.flock,
 * so that one of them at a time polls the directory. The flock is beside the
 * login, since everyone who shares the home must share it: cron and containers
 * have no runtime directory in common. A login or logout, which must not take
 * kimi-code's lock, can take the flock by itself (base/lock.h). It is not called
 * .lock, because credentials/NAME.lock is how to tell kimi-cli's home.
 *
 * With KIMI_DISABLE_OAUTH_LOCK=1 there is only the flock.
 */
#ifndef KIMI_HOME_DIR_LOCK_H
#define KIMI_HOME_DIR_LOCK_H

#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

struct dir_lock {
	struct dir_lock_hold *hold; /* NULL unless held */
};

#define DIR_LOCK_INIT                                                                                        \
	{                                                                                                    \
		.hold = NULL                                                                                 \
	}

/*
 * Makes HOME/credentials and HOME/oauth where they are missing, and waits at most
 * until `deadline` (of clock_ms()). `slot` is the name of the login's file
 * without ".json" (slot.h). -1: ERR_BUSY when others held the lock all the time,
 * ERR_STORAGE when it cannot be made, or when something is in its place or in it
 * that only the user may remove (the message names it), ERR_INTERRUPTED,
 * ERR_FAILED.
 */
int dir_lock_acquire(
    struct dir_lock *lock, const struct home *home, const char *slot, long long deadline, struct err *err);

/*
 * Looks for what keeps every client from refreshing this login until a person removes it: a
 * file in the place of the directory, one in the directory, a time in the future. Changes
 * nothing. -1: ERR_STORAGE or ERR_BUSY that names it.
 */
int dir_lock_check(const struct home *home, const char *slot, struct err *err);

/*
 * Looks whether the directory is still the one that we made and stamped last, and
 * stamps it, so that it stays ours for the next seconds. Once false, always
 * false: somebody touched or replaced it, or we did not stamp it for so long
 * (the machine or the process was suspended) that others may hold it by now.
 */
bool dir_lock_is_ours(struct dir_lock *lock);

/*
 * Removes the directory if it is still ours, and leaves it alone if not. Does
 * nothing unless held. A child of fork() holds nothing: there it only frees.
 */
void dir_lock_release(struct dir_lock *lock);

#endif
