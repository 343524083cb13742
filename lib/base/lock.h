/*
 * lock: one process at a time.
 *
 * A lock is flock(2) on a file that is created once and never unlinked or renamed, because
 * a second process could lock a new file. kimi-cli uses the same lock. lock_release(),
 * close() and the end of the process release it.
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
 * Waits until `deadline` (of clock_ms()). -1: ERR_BUSY if another process held the lock
 * until then, ERR_STORAGE if the file cannot be opened or locked, ERR_INTERRUPTED.
 */
int lock_acquire(struct lock *lock, const char *path, long long deadline, struct err *err);

/* The same for a file or directory that is open, until it is closed; `path` is for the message. */
int lock_descriptor(int fd, const char *path, long long deadline, struct err *err);

/* Does nothing unless held. */
void lock_release(struct lock *lock);

#endif
