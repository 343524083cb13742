/*
 * dir_lock: the refresh lock of kimi-code's home, as kimi-code itself takes it.
 *
 * kimi-code does not use flock. The process that creates the directory
 * HOME/oauth/SLOT.lock holds the lock. It sets the mtime every few seconds to show that
 * it is alive; 5 s after the last update, any process may take the lock over. A kimi-code
 * whose lock is modified or removed exits at once and loses what it is receiving.
 *
 *	struct dir_lock lock = {.home = home, .slot = slot};
 *
 *	dir_lock_acquire(&lock, clock_ms() + 30000, err);
 *	... read the login again, it may have been refreshed ...
 *	if (!dir_lock_is_ours(&lock))        right before the refresh token is sent: do not send it
 *	... the exchange, however long ...
 *	if (!dir_lock_is_ours(&lock))        right before the save: read the login first, it may be newer
 *	... save ...
 *	dir_lock_release(&lock);
 *
 * While the lock is held, a thread updates the mtime every 2 s, even during a slow call.
 * It blocks all signals. A directory that is neither ours nor stale is never updated,
 * renamed or removed, and no file is ever created in one.
 *
 * Our own processes queue on a flock first, on the file HOME/credentials/SLOT.flock, so
 * that only one of them polls the directory. The file is next to the login, because cron
 * jobs and containers that share the home may have different runtime directories. Code
 * that does not need kimi-code's lock can take the flock alone (base/lock.h). The name
 * does not end in .lock, because credentials/NAME.lock is the sign of kimi-cli's home.
 *
 * With KIMI_DISABLE_OAUTH_LOCK=1, only the flock is used.
 */
#ifndef KIMI_HOME_DIR_LOCK_H
#define KIMI_HOME_DIR_LOCK_H

#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

struct dir_lock {
	const struct home *home;
	const char *slot;           /* the name of the login's file, without ".json" (slot.h) */
	struct dir_lock_hold *hold; /* NULL unless held */
};

/*
 * Makes HOME/credentials and HOME/oauth if they are missing, and waits until `deadline` (of
 * clock_ms()). -1: ERR_BUSY if another process held the lock until then, ERR_STORAGE if it
 * cannot be created or only the user can remove what blocks it (the message names it),
 * ERR_INTERRUPTED, ERR_FAILED.
 */
int dir_lock_acquire(struct dir_lock *lock, long long deadline, struct err *err);

/*
 * Checks for what keeps every client from refreshing this login until the user removes it:
 * a file with the name of the directory, a file in the directory, or an mtime in the
 * future. Changes nothing. -1: ERR_STORAGE or ERR_BUSY that names it.
 */
int dir_lock_check(const struct home *home, const char *slot, struct err *err);

/*
 * Checks that the directory is still the one that we created and updated last, and updates
 * it, so that it stays ours for the next seconds. Once false, it stays false: a process has
 * modified or replaced the directory, or ours was suspended for so long that another
 * process may hold the lock by now.
 */
bool dir_lock_is_ours(struct dir_lock *lock);

/*
 * Removes the directory if it is still ours. Does nothing unless held. A child of fork()
 * does not hold the lock: there it only frees memory.
 */
void dir_lock_release(struct dir_lock *lock);

#endif
