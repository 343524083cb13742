#include "home/dir_lock.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/signals.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	STAMP_MS = 2000,
	STALE_MS = 5000,
	LOST_MS = STALE_MS - 500, /* then another process may soon take it over */
	POLL_MIN_MS = 50,
	POLL_MAX_MS = 150,
	LEFTOVER_MS = 60000
};

/* Between the slot and the suffix in the name of a stale lock that was renamed. */
static const char lock_mark[] = ".lock.";

struct dir_lock_hold {
	pid_t pid; /* of the holder; a child of fork() has only a copy of this struct */
	struct lock queue;
	char path[HOME_PATH_MAX];
	int fd;               /* our directory or -1; keeps its inode number in use */
	struct stat stamped;  /* the directory after the last update of its mtime */
	long long stamped_ms; /* the time of that update, of clock_boot_ms() */
	bool lost;
	int stop_fd; /* readable when the thread must end; -1: there is no thread */
	pthread_t thread;
	pthread_mutex_t mutex; /* guards the four fields above stop_fd while there is a thread */
};

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool is_unchanged(const struct dir_lock_hold *hold)
{
	struct stat st;

	return lstat(hold->path, &st) == 0 && is_same(&st, &hold->stamped);
}

/* In whole milliseconds, the resolution that kimi-code compares in. */
static long long dir_lock_milliseconds(const struct timespec *t)
{
	return (long long)t->tv_sec * 1000 + t->tv_nsec / 1000000;
}

static long long age_ms(const struct stat *st)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return dir_lock_milliseconds(&now) - dir_lock_milliseconds(&st->st_mtim);
}

static bool set_stamp(struct dir_lock_hold *hold)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[1] = times[0];
	return futimens(hold->fd, times) == 0 && fstat(hold->fd, &hold->stamped) == 0;
}

/*
 * Updates the mtime if the directory is ours. Checks again afterwards: if the directory was
 * renamed in between, the update came too late.
 */
static bool dir_lock_keep(struct dir_lock_hold *hold)
{
	long long now = clock_boot_ms();

	if (hold->lost)
		return false;
	if (now - hold->stamped_ms >= LOST_MS || !is_unchanged(hold) || !set_stamp(hold) ||
	    !is_unchanged(hold)) {
		hold->lost = true;
		return false;
	}
	hold->stamped_ms = now;
	return true;
}

static void *stamp_until_stopped(void *data)
{
	struct dir_lock_hold *hold = data;
	struct pollfd stop = {.fd = hold->stop_fd, .events = POLLIN};
	bool kept = true;

	while (kept && poll(&stop, 1, STAMP_MS) < 1) {
		pthread_mutex_lock(&hold->mutex);
		kept = dir_lock_keep(hold);
		pthread_mutex_unlock(&hold->mutex);
	}
	return NULL;
}

static int start_stamping(struct dir_lock_hold *hold, struct err *err)
{
	sigset_t all, before;

	hold->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (hold->stop_fd < 0)
		return err_errno(err, ERR_BUSY, "try again later", "cannot keep the lock %s", hold->path);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int error = pthread_create(&hold->thread, NULL, stamp_until_stopped, hold);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		return 0;
	close(hold->stop_fd);
	hold->stop_fd = -1;
	errno = error;
	return err_errno(err, ERR_BUSY, "try again later", "cannot keep the lock %s", hold->path);
}

static void stop_stamping(struct dir_lock_hold *hold)
{
	if (hold->stop_fd < 0)
		return;
	eventfd_write(hold->stop_fd, 1);
	pthread_join(hold->thread, NULL);
}

static int open_directory(const char *path)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(path, flags);

	/* The umask may have removed permissions that we need. */
	if (fd < 0 && errno == EACCES && chmod(path, 0700) == 0)
		fd = open(path, flags);
	return fd;
}

/* 0: the lock is ours, 1: another process holds it. */
static int make_directory(struct dir_lock_hold *hold, struct err *err)
{
	static const char hint[] = "make sure that its directory can be written";

	hold->lost = false;
	hold->stamped_ms = clock_boot_ms(); /* before mkdir(), which sets the first mtime */
	if (mkdir(hold->path, 0700) < 0) {
		if (errno == EEXIST)
			return 1;
		return err_errno(err, ERR_STORAGE, hint, "cannot make the lock %s", hold->path);
	}
	hold->fd = open_directory(hold->path);
	if (hold->fd < 0 && errno != ENOENT)
		return err_errno(err, ERR_STORAGE, hint, "cannot open the lock %s", hold->path);
	if (hold->fd >= 0 && fstat(hold->fd, &hold->stamped) == 0 && dir_lock_keep(hold))
		return 0;
	if (hold->fd >= 0)
		close(hold->fd);
	hold->fd = -1;
	return 1;
}

static const char left_behind[] =
    "the lock %s was left behind and keeps every client from refreshing this login";

/*
 * Removes a stale lock, by renaming it first. Another process may have taken it over since
 * we checked it, so check the renamed directory again, and rename it back if it is another
 * one. 0: the name is free, 1: it is in use.
 */
static int remove_stale(const char *path, const struct stat *stale, struct err *err)
{
	char aside[HOME_PATH_MAX + 64];
	struct timespec now;
	struct stat moved;

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(aside, sizeof(aside), "%s.%ld-%lld-%ld", path, (long)getpid(), (long long)now.tv_sec,
	    now.tv_nsec);
	if (rename(path, aside) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_errno(err, ERR_STORAGE, "make sure that its directory can be written",
		    "cannot take over the stale lock %s", path);
	}
	bool same = lstat(aside, &moved) == 0 && is_same(&moved, stale);
	if (same && rmdir(aside) == 0)
		return 0;
	int error = errno;
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, path, RENAME_NOREPLACE) < 0) {
		rmdir(aside); /* a third process has created the lock meanwhile */
		return 0;
	}
	if (!same)
		return 1;
	errno = error;
	return err_errno(err, ERR_STORAGE, "remove it and everything in it", left_behind, path);
}

static int refuse_file(const char *path, struct err *err)
{
	return err_set(err, ERR_STORAGE, "remove it",
	    "%s is not a directory, and keeps every client from refreshing this login", path);
}

/* 0: the lock is ours, 1: another process holds it. */
static int try_once(struct dir_lock_hold *hold, struct err *err)
{
	struct stat st;
	int result = make_directory(hold, err);

	if (result != 1)
		return result;
	if (lstat(hold->path, &st) < 0) {
		if (errno == ENOENT)
			return make_directory(hold, err);
		return err_errno(err, ERR_STORAGE, "make sure that you can read its directory",
		    "cannot check the lock %s", hold->path);
	}
	if (!S_ISDIR(st.st_mode))
		return refuse_file(hold->path, err);
	if (age_ms(&st) <= STALE_MS)
		return 1;
	result = remove_stale(hold->path, &st, err);
	if (result == 0)
		return make_directory(hold, err);
	return result;
}

static int refuse_future(const char *path, struct err *err)
{
	return err_set(err, ERR_BUSY, "check the clock; if no kimi-code is running, remove the directory",
	    "the time of the lock %s is in the future, so it never expires", path);
}

static int dir_lock_busy(const struct dir_lock_hold *hold, struct err *err)
{
	struct stat st;

	if (lstat(hold->path, &st) == 0 && age_ms(&st) < -STALE_MS)
		return refuse_future(hold->path, err);
	return err_set(err, ERR_BUSY, "try again later", "another process holds the lock %s", hold->path);
}

static int wait_for_directory(struct dir_lock_hold *hold, long long deadline, struct err *err)
{
	for (;;) {
		int result = try_once(hold, err);
		if (result != 1)
			return result;
		int left = clock_left(deadline), pause = clock_jitter(POLL_MIN_MS, POLL_MAX_MS);
		if (!left)
			return dir_lock_busy(hold, err);
		if (signals_sleep(MIN(pause, left), err) < 0)
			return -1;
	}
}

/*
 * kimi-code does not refresh unless it can open this file, which stays empty and is never
 * removed.
 */
static int make_sentinel(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return err_errno(
		    err, ERR_STORAGE, "make sure that it can be written", "cannot open %s", path);
	if (fstat(fd, &st) == 0 && (st.st_mode & 0600) != 0600 && fchmod(fd, 0600) < 0) {
		/* it belongs to another user; opening it is all that kimi-code needs */
	}
	close(fd);
	return 0;
}

static int take_queue(const struct dir_lock *lock, long long deadline, struct err *err)
{
	char path[HOME_PATH_MAX];

	home_path(lock->home, HOME_CREDENTIALS, path);
	if (dir_make(path, err) < 0)
		return -1;
	home_credentials_file(lock->home, lock->slot, "flock", path);
	return lock_acquire(&lock->hold->queue, path, deadline, err);
}

/* Always fits: home.directory is shorter than a path, and a slot is short. */
static void lock_path(const struct home *home, const char *slot, char ret_path[HOME_PATH_MAX])
{
	text_join(
	    ret_path, HOME_PATH_MAX, (const char *const[]){home->directory, "/oauth/", slot, ".lock", NULL});
}

/* The lock is released with rmdir(), which fails unless the directory is empty. */
static bool is_empty_directory(const char *path)
{
	DIR *dir = opendir(path);
	int entries = 0;

	while (dir && readdir(dir))
		entries++;
	if (dir)
		closedir(dir);
	return entries <= 2;
}

int dir_lock_check(const struct home *home, const char *slot, struct err *err)
{
	char path[HOME_PATH_MAX];
	struct stat st;

	lock_path(home, slot, path);
	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return refuse_file(path, err);
	if (!is_empty_directory(path))
		return err_set(err, ERR_STORAGE, "remove it and everything in it", left_behind, path);
	if (age_ms(&st) < -STALE_MS)
		return refuse_future(path, err);
	return 0;
}

/* A suffix PID-SECONDS-NANOSECONDS of remove_stale(), of a process that does not exist any more. */
static bool is_of_dead_process(const char *name)
{
	long pid = strtol(name, NULL, 10);

	for (int part = 0; part < 3; part++) {
		size_t digits = strspn(name, "0123456789");
		if (!digits || name[digits] != (part < 2 ? '-' : '\0'))
			return false;
		name += digits + 1;
	}
	return pid > 0 && (pid_t)pid == pid && kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/*
 * Removes directories that a process of ours renamed and was killed before it could remove.
 * A process in another container may still be running although its pid does not exist here,
 * and may rename the directory back, so leave recent ones alone.
 */
static void sweep_leftovers(const struct home *home, const char *slot)
{
	char directory[HOME_PATH_MAX];
	size_t len = strlen(slot), mark_len = strlen(lock_mark);
	struct stat st;

	text_join(directory, sizeof(directory), (const char *const[]){home->directory, "/oauth", NULL});
	DIR *dir = opendir(directory);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *name = entry->d_name;
		if (strncmp(name, slot, len) != 0 || strncmp(name + len, lock_mark, mark_len) != 0 ||
		    !is_of_dead_process(name + len + mark_len))
			continue;
		if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
		    st.st_uid == geteuid() && age_ms(&st) > LEFTOVER_MS)
			unlinkat(dirfd(dir), name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
}

static int take_directory(const struct dir_lock *lock, long long deadline, struct err *err)
{
	struct dir_lock_hold *hold = lock->hold;
	const struct home *home = lock->home;
	const char *slot = lock->slot;
	char path[HOME_PATH_MAX];

	text_join(path, sizeof(path), (const char *const[]){home->directory, "/oauth", NULL});
	if (dir_make(path, err) < 0)
		return -1;
	lock_path(home, slot, hold->path);
	text_join(path, sizeof(path), (const char *const[]){home->directory, "/oauth/", slot, NULL});
	if (make_sentinel(path, err) < 0 || wait_for_directory(hold, deadline, err) < 0)
		return -1;
	sweep_leftovers(home, slot);
	return start_stamping(hold, err);
}

int dir_lock_acquire(struct dir_lock *lock, long long deadline, struct err *err)
{
	const char *off = getenv("KIMI_DISABLE_OAUTH_LOCK");
	struct dir_lock_hold *hold = calloc(1, sizeof(*hold));

	if (!hold)
		return err_memory(err);
	hold->pid = getpid();
	hold->queue = (struct lock)LOCK_INIT;
	hold->fd = hold->stop_fd = -1;
	pthread_mutex_init(&hold->mutex, NULL);
	lock->hold = hold;
	int result = take_queue(lock, deadline, err);
	/* Only 1 turns the lock off, as in kimi-code; "true" does not. */
	if (result == 0 && (!off || strcmp(off, "1") != 0))
		result = take_directory(lock, deadline, err);
	if (result < 0)
		dir_lock_release(lock);
	return result;
}

bool dir_lock_is_ours(struct dir_lock *lock)
{
	struct dir_lock_hold *hold = lock->hold;

	if (!hold || hold->pid != getpid())
		return false;
	if (hold->fd < 0) /* KIMI_DISABLE_OAUTH_LOCK */
		return true;
	pthread_mutex_lock(&hold->mutex);
	bool ours = dir_lock_keep(hold);
	pthread_mutex_unlock(&hold->mutex);
	return ours;
}

void dir_lock_release(struct dir_lock *lock)
{
	struct dir_lock_hold *hold = lock->hold;

	if (!hold)
		return;
	if (hold->pid == getpid()) {
		stop_stamping(hold);
		if (hold->fd >= 0 && dir_lock_keep(hold))
			rmdir(hold->path);
	}
	if (hold->stop_fd >= 0)
		close(hold->stop_fd);
	if (hold->fd >= 0)
		close(hold->fd);
	lock_release(&hold->queue);
	free(hold);
	lock->hold = NULL;
}
