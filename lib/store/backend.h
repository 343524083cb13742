/*
 * backend: the two kinds of storage for a login, as tables of the same operations.
 * Only store.c uses them; all other code uses store.h.
 *
 * All operations return 0, or -1 with *err (which may be NULL). Those that change
 * something need the lock of the store.
 */
#ifndef KIMI_STORE_BACKEND_H
#define KIMI_STORE_BACKEND_H

#include "base/err.h"
#include "store/token.h"

#include <stdbool.h>

struct store;

struct store_backend {
	const char *name; /* in the metadata, the config and --storage */
	/* Also returns 1: no login is stored. Sets store->found and store->kind. */
	int (*load)(struct store *store, struct token *ret_token, struct err *err);
	/* Proves that a login can be saved, by saving `present` (NULL: no login) once more. */
	int (*probe)(struct store *store, const struct token *present, struct err *err);
	int (*save)(struct store *store, const struct token *token, struct err *err);
	/* 0 also if there is no login. -1 ERR_BUSY: a copy may be left. */
	int (*erase)(struct store *store, struct err *err);
};

extern const struct store_backend backend_file, backend_keyring;

/*
 * Checks that the file may be replaced: -1 if it is a symbolic link, a directory or
 * another user's file. Also removes temporary files of killed processes.
 */
int backend_file_check_path(const struct store *store, struct err *err);

/*
 * Opens the next version of the file and allocates disk space for it.
 * newfile_abandon(&store->file.next) frees both.
 */
int backend_file_reserve(struct store *store, struct err *err);

/* Takes store->user_lock if this store may change the keyring. */
int backend_keyring_lock(struct store *store, long long deadline, struct err *err);

/* There may be a copy in the keyring. If false, asking the keyring is a waste of time. */
bool backend_keyring_has_copy(const struct store *store);

#endif
