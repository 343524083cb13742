/*
 * token_file: one login in one private file, credentials/NAME.json.
 *
 * The home's client reads the same file. store.h decides when to use it. All errors
 * are ERR_STORAGE.
 */
#ifndef KIMI_STORE_TOKEN_FILE_H
#define KIMI_STORE_TOKEN_FILE_H

#include "base/err.h"
#include "base/newfile.h"
#include "home/home.h"
#include "store/record.h"
#include "store/token.h"

#include <stdbool.h>

enum token_file_access {
	TOKEN_FILE_PRIVATE,
	TOKEN_FILE_TIGHTENED, /* others could read it; its mode is 0600 now */
	TOKEN_FILE_OPEN,      /* others can read it: its file system ignores modes */
};

struct token_file {
	char path[HOME_PATH_MAX];
	const struct record_format *format;
	enum token_file_access access; /* set by token_file_read() */
	struct newfile next;           /* set by token_file_reserve() */
};

/*
 * 0: read, and the caller clears *ret_token. 1: there is no file. -1: it cannot be read,
 * or it is damaged. Sets a wider mode than 0600 to 0600, and file->access. A damaged file
 * that was modified just now is read again for a moment, since another program may be
 * writing it. The error of a damaged file has no hint: the caller knows which login it is.
 */
int token_file_read(struct token_file *file, struct token *ret_token, struct err *err);

/*
 * Makes the directory with mode 0700. It must belong to the user and must not be a
 * symbolic link: whoever can write to it can replace the login.
 */
int token_file_make_directory(const char *directory, struct err *err);

/*
 * Checks that the file may be replaced: -1 if it is a symbolic link, a directory or
 * another user's file. Also removes temporary files of killed processes.
 */
int token_file_check_path(const struct token_file *file, struct err *err);

/*
 * Opens the next version of the file and allocates disk space for it.
 * newfile_abandon(&file->next) frees both.
 */
int token_file_reserve(struct token_file *file, struct err *err);

/* Replaces the file, with what token_file_reserve() has allocated if there is any. */
int token_file_write(struct token_file *file, const struct token *token, struct err *err);

/* Proves that the file can be replaced, by replacing it with its own bytes. */
int token_file_rewrite(const struct token_file *file, struct err *err);

/*
 * Removes the file; 0 also if there was none. -1 also for a symbolic link, because its
 * target would stay.
 */
int token_file_remove(const struct token_file *file, struct err *err);

#endif
