/*
 * store: where a login lies, and how it is never lost.
 *
 * A login is one token under a key, "oauth/NAME". It lies in
 * credentials/NAME.json (0600, in a folder of 0700), the file that kimi-cli
 * reads too; credentials/NAME.lock is the lock both take around every refresh.
 *
 * Reading needs no lock: a file is replaced whole, so a reader sees the old
 * login or the new one. Changing goes
 *
 *	store_lock(); store_load() again; store_prepare(); ...the exchange...;
 *	store_save(); store_unlock();
 *
 * where store_prepare() finds out, BEFORE a refresh token is spent, that the
 * store can be written, by saving the present login once more the very same
 * way, and sets room aside for the next one. A failed save leaves the old login
 * untouched. Nothing here prompts or prints.
 */
#ifndef KIMI_KIMI_STORE_H
#define KIMI_KIMI_STORE_H

#include "base/err.h"
#include "base/file.h"
#include "base/lock.h"
#include "kimi/home.h"
#include "kimi/state.h"
#include "kimi/token.h"

#include <stdbool.h>

enum store_kind { STORE_NOWHERE, STORE_FILE, STORE_KEYRING };

struct store {
	char key[128]; /* "oauth/NAME" */
	char folder[HOME_PATH_MAX];
	char file[HOME_PATH_MAX];  /* the login */
	char state[HOME_PATH_MAX]; /* what is known of it */
	char lock_file[HOME_PATH_MAX];
	enum store_kind kind; /* where store_load() found the login */
	bool tightened;       /* store_load() found rights looser than 0600 and took them away */
	struct lock lock;
	struct newfile next; /* room for the next login */
};

/* Names the store of a key; touches no disk. -1: the key would leave the folder (ERR_CONFIG). */
int store_open(struct store *store, const struct home *home, const char *key, struct err *err);

/* Unlocks and forgets what was prepared. */
void store_close(struct store *store);

/*
 * Reads the login; the caller clears the token. 0 found, 1 none is stored,
 * -1 ERR_STORAGE: there is one that cannot be read or makes no sense.
 */
int store_load(struct store *store, struct token *ret_token, struct err *err);

/* Waits for the lock until `deadline` (of clock_ms()); makes the folder first. ERR_BUSY, ERR_STORAGE, ERR_INTERRUPTED. */
int store_lock(struct store *store, long long deadline, struct err *err);
void store_unlock(struct store *store);

/*
 * With the lock held: proves that the store can be written, with the login that
 * is in it now (NULL if there is none). Sweeps what killed writers left.
 */
int store_prepare(struct store *store, const struct token *present, struct err *err);

/* With the lock held: replaces the login. */
int store_save(struct store *store, const struct token *token, struct err *err);

/* With the lock held: removes the login and its state; fine if there is none. The lock file stays. */
int store_erase(struct store *store, struct err *err);

const char *store_kind_name(enum store_kind kind); /* "file", "keyring", NULL */

#endif
