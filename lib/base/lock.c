#include "base/lock.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

/* If another process has replaced the file, our lock is worthless. */
static int is_still_there(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && held.st_nlink > 0 && stat(path, &named) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int open_lock(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);

	if (fd < 0)
		return err_errno(
		    err, ERR_STORAGE, "make sure that it can be written", "cannot open the lock %s", path);
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		close(fd);
		return err_set(err, ERR_STORAGE, "remove it", "the lock %s is not a file of yours", path);
	}
	if ((st.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0) {
		/* the mode does not matter for flock() */
	}
	return fd;
}

static int refuse_file_system(const char *path, int error, struct err *err)
{
	char hint[FILE_HINT_MAX];

	file_hint(hint, FILE_HINT_LOCKS, path);
	errno = error;
	return err_errno(err, ERR_STORAGE, hint, "cannot lock %s", path);
}

int lock_descriptor(int fd, const char *path, long long deadline, struct err *err)
{
	for (int wait = 5; flock(fd, LOCK_EX | LOCK_NB) < 0; wait = MIN(wait * 2, 100)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return refuse_file_system(path, errno, err);
		int left = clock_left(deadline), pause = clock_jitter(wait / 2, wait);
		if (!left)
			return err_set(
			    err, ERR_BUSY, "try again later", "another process holds the lock %s", path);
		if (signals_sleep(MIN(pause, left), err) < 0)
			return -1;
	}
	return 0;
}

int lock_acquire(struct lock *lock, const char *path, long long deadline, struct err *err)
{
	for (;;) {
		int fd = open_lock(path, err);
		if (fd < 0)
			return -1;
		if (lock_descriptor(fd, path, deadline, err) < 0) {
			close(fd);
			return -1;
		}
		if (is_still_there(fd, path)) {
			lock->fd = fd;
			return 0;
		}
		close(fd);
	}
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
