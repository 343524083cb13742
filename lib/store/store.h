/*
 * store: where a login is stored, and how it is never lost.
 *
 * A login is one token under a key, "oauth/NAME". It is stored in the file that the
 * home's client reads, credentials/NAME.json, or, if the client supports it, in the keyring
 * (helper.h). Reading tries the file first; a change goes to where the login was
 * read. There is one live copy. Every refresh holds the client's own lock:
 * credentials/NAME.lock of kimi-cli, or kimi-code's directory (dir_lock.h), for which
 * our own processes queue on credentials/NAME.flock.
 *
 * A keyring belongs to the user and not to a home. So each home has its own items in
 * it (store_item()), and a change holds a second lock of the user, keyring-NAME.lock
 * in state_dir.h's directory. That directory is the same for a desktop, cron and ssh,
 * while the runtime directory comes and goes with the session. The lock is taken
 * after the home's lock.
 *
 * Reading needs no lock, because a login is replaced atomically. A refresh is
 *
 *	store_lock_to_refresh(); store_load() again; store_prepare(); ...the exchange...;
 *	store_save(); store_close();
 *
 * store_prepare() checks that the store can be written BEFORE a refresh token is spent,
 * by saving the present login again in the same way. A failed save leaves the old login
 * as it was. Nothing here prompts or prints: file.access and fell_back are for the
 * caller to report.
 */
#ifndef KIMI_STORE_STORE_H
#define KIMI_STORE_STORE_H

#include "account/account.h"
#include "base/err.h"
#include "base/lock.h"
#include "base/newfile.h"
#include "home/dir_lock.h"
#include "home/home.h"
#include "store/helper.h"
#include "store/metadata.h"
#include "store/record.h"
#include "store/token.h"

#include <stdbool.h>

enum store_kind { STORE_NOWHERE, STORE_FILE, STORE_KEYRING };

enum store_file_access {
	STORE_FILE_PRIVATE,
	STORE_FILE_TIGHTENED, /* others could read it; its mode is 0600 now */
	STORE_FILE_OPEN,      /* others can read it: its file system ignores modes */
};

/* The state of backend_file.c. */
struct store_file {
	char path[HOME_PATH_MAX];
	const struct record_format *format;
	enum store_file_access access; /* set by store_load() */
	struct newfile next;           /* set by store_prepare() */
};

/* The state of backend_keyring.c. */
struct store_keyring {
	bool locked_copy;          /* store_load() found a login in a locked keyring */
	bool half_kept;            /* a save that failed may have left a copy all the same */
	bool legacy;               /* store_load() found it under the name of earlier versions */
	struct helper_error error; /* why the keyring is not asked again; reason "": it is */
	int waited_ms;             /* by all calls so far */
	int timeout_ms;            /* of all calls together; 0: each call has its own (helper.h) */
};

struct store {
	struct account who;
	struct store_file file;
	char state[HOME_PATH_MAX]; /* path of the metadata (metadata.h) */
	char lock_file[HOME_PATH_MAX];
	enum store_kind found; /* where store_load() found the login */
	enum store_kind kind;  /* where store_save() puts it; by default, where it was found */
	bool fell_back;        /* store_save() could not use the keyring and used the file */
	struct store_keyring keyring;
	struct lock lock;
	struct dir_lock dir_lock; /* of a refresh, if the client uses that kind of lock */
	struct lock user_lock;    /* on keyring logins of this name in all homes of the user */
};

/*
 * Prepares the store of a login (located, of a platform with tokens) in its home; does
 * no I/O. -1 ERR_CONFIG: the key is not a safe file name.
 */
int store_open(struct store *store, const struct account *who, struct err *err);

enum { STORE_ITEM_MAX = 128 + HOME_TAG_MAX };

/*
 * The name of this login in the keyring and in the cache: its key, and the tag of the
 * home (home.h).
 */
void store_item(const struct store *store, char ret_item[STORE_ITEM_MAX]);

/*
 * The metadata or the config says that the login is in the keyring. If they do not, a
 * keyring that does not respond counts as empty.
 */
bool store_expects_keyring(const struct store *store);

/* Does not ask the keyring from now on, unless a login is expected in it. */
void store_avoid_keyring(struct store *store);

/* Releases the locks and what store_prepare() reserved. */
void store_close(struct store *store);

/*
 * Reads the login; the caller clears the token. 0 found, 1 not logged in, -1:
 * ERR_STORAGE if the login cannot be read or is damaged, ERR_BUSY if it is in a keyring
 * that is locked or does not respond.
 */
int store_load(struct store *store, struct token *ret_token, struct err *err);

/* The same for the file alone. */
int store_load_file(struct store *store, struct token *ret_token, struct err *err);

/*
 * Makes the directory and waits until `deadline` (of clock_ms()) for the lock of a login
 * or logout. -1: ERR_BUSY, ERR_STORAGE, ERR_INTERRUPTED.
 */
int store_lock(struct store *store, long long deadline, struct err *err);

/* The same for a refresh: takes the lock that the client holds while it refreshes. */
int store_lock_to_refresh(struct store *store, long long deadline, struct err *err);

/*
 * The same for saving or removing a login. Waits for a client that is refreshing the old
 * login, because it would save that again. If its lock is not free by the deadline,
 * takes the lock of store_lock() alone.
 */
int store_lock_to_replace(struct store *store, long long deadline, struct err *err);

/*
 * Whether the lock of a refresh is still ours; it can get lost (dir_lock.h). Check it
 * right before sending the refresh token (false: do not send it) and before saving the
 * new token (false: read the login first).
 */
bool store_is_still_locked(struct store *store);

/*
 * Needs the lock. Proves that the login can be saved to store->kind (STORE_NOWHERE: the
 * file), by saving `present`, the login that is stored now (NULL: none), once more. -1:
 * ERR_STORAGE, ERR_BUSY.
 */
int store_prepare(struct store *store, const struct token *present, struct err *err);

/*
 * Needs the lock. Saves the login to store->kind, removes it elsewhere, and saves `state`.
 * Rounds the token's expires_at as the client does.
 */
int store_save(struct store *store, struct token *token, struct metadata *state, struct err *err);

/*
 * Takes the lock and moves the login to `kind`. At any moment there is at least one copy.
 * 0 also if it is there already. store->found is where the login is afterwards. -1 with
 * ERR_BUSY can also mean that the login was moved but its copy in the keyring could not
 * be removed; the metadata notes that, and another store_move() removes the copy.
 */
int store_move(struct store *store, enum store_kind kind, struct err *err);

/*
 * Needs the lock, after store_load(). Removes the login from the file and the keyring,
 * and its metadata; 0 also if there is no login. The lock file stays. -1 ERR_BUSY: the
 * file is gone, but the keyring may still hold the login.
 */
int store_erase(struct store *store, struct err *err);

/*
 * For a logout without a stored login: removes temporary files that killed processes left
 * and the cached token. Takes the lock if it needs it. *ret_swept: something was removed.
 */
int store_sweep(struct store *store, bool *ret_swept, struct err *err);

/* -1 ERR_USAGE: the client does not support this value of --storage (NULL: not given). */
int store_check_kind(const struct client *client, const char *name, struct err *err);

/* "file", "keyring", or NULL; and back, STORE_NOWHERE for any other name. */
const char *store_kind_name(enum store_kind kind);
enum store_kind store_kind_by_name(const char *name);

#endif
