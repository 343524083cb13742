/*
 * file: reading small files with care, and replacing files whole.
 *
 * Reading never waits on what only looks like a file (a FIFO, a device), never
 * follows a link in the file's own place unless asked to, and is bounded.
 *
 * Replacing is a small object with states: none, open, done. newfile_open()
 * makes an exclusive sibling of the target, newfile_commit() makes it safe on
 * the disk (fsync) and renames it over the target, so that a reader sees the old
 * bytes or the new ones and nothing else, whatever happens in between:
 *
 *	struct newfile f = NEWFILE_INIT;
 *	int failed = newfile_open(&f, path, 0600, err) || newfile_write(&f, bytes, len, err) ||
 *		     newfile_commit(&f, err);
 *	newfile_abandon(&f);            always; does nothing once committed
 *
 * A SIGKILL in between leaves the sibling behind; newfile_sweep() removes such
 * leftovers, by whoever holds the lock that guards the target.
 *
 * Errors carry ERR_STORAGE; a caller that speaks of another room says so itself.
 */
#ifndef KIMI_BASE_FILE_H
#define KIMI_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

enum file_read_flags {
	FILE_FOLLOW = 1, /* a link in the file's place is followed */
	FILE_OWN = 2,    /* the file must belong to the user; for root also to the owner of its folder */
};

enum { FILE_HINT_MAX = 200 };

/*
 * Which environment variable chooses the folder that a path lies in (a constant), or NULL:
 * none does. Set by the layer that knows (home/home.h); NULL until then.
 */
extern const char *(*file_variable_of)(const char *path);

/*
 * What to do about a place that is no good: `before`, the variable that chooses it and `after`;
 * `otherwise` where there is none.
 */
const char *file_place_hint(char ret_hint[FILE_HINT_MAX], const char *path, const char *before,
    const char *after, const char *otherwise);

/*
 * Reads a whole regular file into `ret_bytes`, whose maximum bounds it.
 * 0 read, 1 there is no such file, -1 error. *ret_stat (may be NULL) is what the
 * open file was.
 */
int file_read(
    const char *path, unsigned flags, struct buf *ret_bytes, struct stat *ret_stat, struct err *err);

/*
 * Sets the mode of an open file unless it has it already. 0: others may do no more with it than `mode` says, 1: they
 * may, since its file system ignores modes, -1 with errno: it refused.
 */
int file_set_mode(int fd, mode_t mode);

/* Takes from the file that file_read() read all rights beyond 0600. False: others still have some. */
bool file_close_to_others(const char *path, const struct stat *st);

/*
 * Milliseconds until the last write to it will be `settled_ms` old; 0: it is, or
 * lies ahead of the clock. Other programs truncate a file and write it anew: what
 * was touched just now may be half of it.
 */
int file_unsettled(const struct stat *st, int settled_ms);

struct newfile {
	int fd;                    /* -1 unless open */
	bool synced;               /* nothing was written since newfile_sync() */
	bool open_to_others;       /* its file system ignored the mode it was given */
	bool stricter;             /* newfile_keep() could not keep what the group or an ACL may do */
	struct newfile *next_open; /* of those that memory_end() removes: an open one may not move */
	char target[4096];
	char sibling[4096];
};

#define NEWFILE_INIT                                                                                         \
	{                                                                                                    \
		.fd = -1                                                                                     \
	}

/* Opens an empty sibling of `path` with exactly `mode`. */
int newfile_open(struct newfile *f, const char *path, mode_t mode, struct err *err);

/*
 * Before the first byte: gives it the group, ACL and extended attributes of the file it will replace, and `mode`. With
 * another mode than that file has there is no ACL; where its group or ACL cannot be kept, the group may do nothing.
 */
int newfile_keep(struct newfile *f, mode_t mode, struct err *err);

/* Sets room for `bytes` aside on the disk now, so that a later write cannot find it full. */
int newfile_reserve(struct newfile *f, size_t bytes, struct err *err);

int newfile_write(struct newfile *f, const void *bytes, size_t len, struct err *err);

/* fsync, the slow half of newfile_commit(), for who wants to look at the target once more right before the rename. */
int newfile_sync(struct newfile *f, struct err *err);

/*
 * fsync, rename over the target, fsync of the folder. After an error the target is what it was, or, if only the folder
 * could not be made safe, the new bytes already.
 */
int newfile_commit(struct newfile *f, struct err *err);

/* Closes and removes the sibling unless it was committed. */
void newfile_abandon(struct newfile *f);

/*
 * Removes what killed writers of `path` left beside it; true if there was something. Errors are nobody's business: the
 * next one tries again.
 */
bool newfile_sweep(const char *path);

/* There is something to sweep, or a writer at work. Needs no lock. */
bool newfile_is_left(const char *path);

/* The file name is that of a sibling: the length of its target's name, which begins at its second byte. Else 0. */
size_t newfile_target_len(const char *name);

/* Replaces `path` with these bytes in one go. */
int file_replace(const char *path, mode_t mode, const void *bytes, size_t len, struct err *err);

/* Removes it, and what killed writers left beside it; fine if there is none. */
int file_remove(const char *path, struct err *err);

/* Makes a folder, and those above it, with mode 0700; fine if it is there. A last part that is no folder is an error. */
int dir_make(const char *path, struct err *err);

/* Sets the mode of a folder unless it has it already; never of what a link in its place leads to. -1 with errno. */
int dir_set_mode(const char *path, mode_t mode);

/* Writes all of it; -1 with errno. */
int write_all(int fd, const void *bytes, size_t len);

#endif
