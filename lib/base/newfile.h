/*
 * newfile: replaces a file atomically.
 *
 * newfile_open() creates a temporary file next to the target; newfile_commit() syncs it and
 * renames it over the target, so a reader sees either the old bytes or the new ones:
 *
 *	struct newfile f = NEWFILE_INIT;
 *	int failed = newfile_open(&f, path, 0600, err) || newfile_write(&f, bytes, len, err) ||
 *		     newfile_commit(&f, err);
 *	newfile_abandon(&f);            always; does nothing after a commit
 *
 * A process that is killed in between leaves the temporary file. newfile_sweep() removes such
 * files; call it while you hold the lock of the target.
 *
 * All errors are ERR_STORAGE.
 */
#ifndef KIMI_BASE_NEWFILE_H
#define KIMI_BASE_NEWFILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct newfile {
	int fd;                    /* -1 unless open */
	bool synced;               /* nothing was written since newfile_sync() */
	bool open_to_others;       /* the file system ignored the mode */
	bool stricter;             /* newfile_keep() could not keep the group or the ACL */
	struct newfile *next_open; /* list for memory_end(); so do not move an open struct */
	char target[4096];
	char temporary[4096];
};

#define NEWFILE_INIT                                                                                         \
	{                                                                                                    \
		.fd = -1                                                                                     \
	}

/* Creates the temporary file for `path`, with exactly `mode`. */
int newfile_open(struct newfile *f, const char *path, mode_t mode, struct err *err);

/*
 * Gives it the group, ACL and extended attributes of the target, and `mode`; call it before
 * writing. The ACL is kept only if the target has the same mode. If the group or the ACL
 * cannot be kept, the group gets no permissions.
 */
int newfile_keep(struct newfile *f, mode_t mode, struct err *err);

/* Allocates disk space for `bytes` now, so that a later write cannot fail for lack of space. */
int newfile_reserve(struct newfile *f, size_t bytes, struct err *err);

int newfile_write(struct newfile *f, const void *bytes, size_t len, struct err *err);

/*
 * fsync, the slow half of newfile_commit(), if you want to check the target right before
 * the rename.
 */
int newfile_sync(struct newfile *f, struct err *err);

/*
 * fsync, rename over the target, fsync of the directory. After an error, the target is
 * unchanged; or, if only the last step failed, it has the new bytes.
 */
int newfile_commit(struct newfile *f, struct err *err);

/* Closes and removes the temporary file unless it was committed. */
void newfile_abandon(struct newfile *f);

/*
 * Removes the temporary files that killed processes left next to `path`. Ignores errors.
 * True: there were some.
 */
bool newfile_sweep(const char *path);

/* There are temporary files next to `path`, of killed or of running processes. Needs no lock. */
bool newfile_is_left(const char *path);

/*
 * If the file name is that of a temporary file, the length of the target's name, which begins
 * at its second byte. Else 0.
 */
size_t newfile_target_len(const char *name);

/* Replaces `path` by a file with these bytes and mode 0600. */
int newfile_replace(const char *path, const void *bytes, size_t len, struct err *err);

/* The same if there is no file yet. 1: there is one, which is not touched. */
int newfile_create(const char *path, const void *bytes, size_t len, struct err *err);

/* Removes `path` and temporary files next to it; 0 also if there is no such file. */
int newfile_remove(const char *path, struct err *err);

#endif
