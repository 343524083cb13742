/*
 * login_file: one login in one private file.
 *
 * credentials/NAME.json, the file that the client reads too. store.h decides when;
 * here is how. All errors are ERR_STORAGE.
 */
#ifndef KIMI_STORE_TOKEN_FILE_H
#define KIMI_STORE_TOKEN_FILE_H

#include "base/err.h"
#include "base/file.h"
#include "store/record.h"
#include "store/token.h"

#include <stdbool.h>

enum login_rights {
	LOGIN_PRIVATE,
	LOGIN_TIGHTENED, /* others could read it, and cannot any more */
	LOGIN_OPEN,      /* they still can: its file system keeps no modes */
};

/*
 * 0 found, 1 none, -1: there is one that cannot be read or makes no sense.
 * Rights looser than 0600 are taken away where they can be; *ret_rights tells if there were any.
 * One that makes no sense but was touched just now is read again for a moment:
 * it may be half of what another program is writing.
 */
int login_file_read(const char *path, const struct record_format *format, struct token *ret_token,
    enum login_rights *ret_rights, struct err *err);

/* Makes the folder, closed to others. It must be the user's own, and no link: who can write there can put another login in place. */
int login_file_make_folder(const char *folder, struct err *err);

/* Refuses what must not be replaced unseen: a link, a folder, another user's file. Sweeps killed writers' leftovers. */
int login_file_check_place(const char *path, struct err *err);

/* Opens a successor of the file with room for a login set aside on the disk. */
int login_file_reserve(const char *path, struct newfile *ret_next, struct err *err);

/* Replaces the file by a reserved successor (its reservation is used up), or without one (NULL). */
int login_file_write(const char *path, const struct record_format *format, struct newfile *next,
    const struct token *token, struct err *err);

/* Replaces the file by its own bytes, what we do not know in it included: the proof that it can be replaced. */
int login_file_rewrite(const char *path, struct err *err);

/* Fine if there is none. A link is refused, since what it leads to would stay. */
int login_file_remove(const char *path, struct err *err);

#endif
