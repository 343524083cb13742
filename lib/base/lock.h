/*
 * lock: one process at a time.
 *
 * A lock is flock(2) on a file that is made once and never unlinked or renamed:
 * removing it would let two in. It is shared with kimi-cli, which knows only
 * flock. A lock is released by lock_release(), by close, and by death.
 */
#ifndef KIMI_BASE_LOCK_H
#define KIMI_BASE_LOCK_H

#include "base/err.h"

struct lock {
	int fd; /* -1 unless held */
};

#define LOCK_INIT                                                                                            \
	{                                                                                                    \
		.fd = -1                                                                                     \
	}

/*
 * Waits at most until `deadline` (of clock_ms()). -1: ERR_BUSY when another
 * process held it all the time, ERR_STORAGE when the file cannot be opened,
 * ERR_INTERRUPTED.
 */
int lock_acquire(struct lock *lock, const char *path, long long deadline, struct err *err);

/* Does nothing unless held. */
void lock_release(struct lock *lock);

#endif
