/*
 * file: reads small files safely; modes of files, and directories.
 *
 * Reading never blocks on a FIFO or a device, does not follow a symbolic link in the last
 * component unless asked to, and has a size limit. To replace a file, see newfile.h.
 *
 * All errors are ERR_STORAGE unless a function says otherwise.
 */
#ifndef KIMI_BASE_FILE_H
#define KIMI_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

enum file_read_flags {
	FILE_FOLLOW = 1, /* follow a symbolic link */
	FILE_OWN = 2,    /* it must be the user's; for root, or the owner's of its directory */
};

/*
 * Reads a whole regular file into `ret_bytes`, whose maximum is the limit. 0 read, 1 there is
 * no such file, -1 error. *ret_stat (may be NULL) is that of the open file.
 */
int file_read(
    const char *path, unsigned flags, struct buf *ret_bytes, struct stat *ret_stat, struct err *err);

/*
 * Sets the mode of an open file if it is another one. 0: others have no more permissions than
 * `mode`. 1: they have, because the file system ignores modes. -1 with errno: not permitted.
 */
int file_set_mode(int fd, mode_t mode);

/*
 * Removes all permissions beyond 0600 from the file that file_read() has read. False: it
 * could not.
 */
bool file_close_to_others(const char *path, const struct stat *st);

/*
 * Milliseconds until the last modification of the file is `settled_ms` ago; 0 if it is, or if
 * it is in the future. Other programs truncate a file and write it again, so a file that was
 * modified just now may be incomplete.
 */
int file_unsettled(const struct stat *st, int settled_ms);

enum { FILE_HINT_MAX = 200 };

/*
 * Returns the environment variable that determines the directory of a path (a constant), or
 * NULL: there is none. Set by home/home.h, which knows; NULL until then.
 */
extern const char *(*file_variable_of)(const char *path);

enum file_hint {
	FILE_HINT_READ_ONLY,
	FILE_HINT_PERMISSIONS,
	FILE_HINT_LENGTH,
	FILE_HINT_MODES, /* the mode of a new file cannot be set */
	FILE_HINT_OPEN,  /* others can read a file, because its file system ignores modes */
	FILE_HINT_LOCKS,
};

/*
 * The hint for a problem with `path`; it names the variable above if there is one.
 * Returns ret_hint.
 */
const char *file_hint(char ret_hint[FILE_HINT_MAX], enum file_hint kind, const char *path);

/*
 * The hint for `error` (of errno) of an attempt to create or replace `path`. Constant, or
 * ret_hint.
 */
const char *file_write_hint(char ret_hint[FILE_HINT_MAX], int error, const char *path);

/* Length of the path up to the file name; 0: it is only a file name. */
size_t file_directory_len(const char *path);
void file_directory_of(const char *path, char ret_directory[PATH_MAX]);

/* -1 ERR_STORAGE that says whose directory it is, with the advice to run the command as that user. */
int dir_refuse_owner(const char *path, uid_t owner, struct err *err);

/*
 * For root: -1 ERR_STORAGE if the nearest directory above `path` that exists belongs to another
 * user, who could neither read nor replace what root creates there. 0 for all other users.
 */
int dir_check_above(const char *path, struct err *err);

/*
 * Makes a directory and its parents with mode 0700; 0 also if it exists. -1 also if it is
 * not a directory.
 */
int dir_make(const char *path, struct err *err);

/*
 * Sets the mode of a directory if it is another one. Does not follow a symbolic link. -1
 * with errno.
 */
int dir_set_mode(const char *path, mode_t mode);

/* Writes all bytes; -1 with errno. */
int write_all(int fd, const void *bytes, size_t len);

#endif
