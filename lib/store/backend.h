/*
 * backend: the two places where a login can be stored, as rows of the same
 * operations. Only store.c calls them; everybody else uses store.h.
 *
 * All return 0, or -1 with *err (which may be NULL) filled in. Changes need the
 * lock of the store.
 */
#ifndef KIMI_STORE_BACKEND_H
#define KIMI_STORE_BACKEND_H

#include "base/err.h"
#include "store/token.h"

#include <stdbool.h>

struct store;

struct store_backend {
	const char *name; /* in the state, the config and --storage */
	/* Also 1: none is stored. Sets store->found and store->kind. */
	int (*load)(struct store *store, struct token *ret_token, struct err *err);
	/* Proves that a login can be saved, by saving `present` (NULL: there is none) once more. */
	int (*probe)(struct store *store, const struct token *present, struct err *err);
	int (*save)(struct store *store, const struct token *token, struct err *err);
	/* Fine if there is none. -1 ERR_BUSY: a copy may be left. */
	int (*erase)(struct store *store, struct err *err);
};

extern const struct store_backend backend_file, backend_keyring;

/* The user's lock, if this store may change what is in the keyring. */
int backend_keyring_lock(struct store *store, long long deadline, struct err *err);

/* There is evidence of a copy in the keyring; without any, asking for one only costs time. */
bool backend_keyring_has_copy(const struct store *store);

#endif
