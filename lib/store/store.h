/*
 * store: where a login lies, and how it is never lost.
 *
 * A login is one token under a key, "oauth/NAME". It lies in the file that the
 * client of the home reads too (token_file.h) or, if the client has one, in the
 * keyring (helper.h); reading looks at the file first, and a change goes to where
 * the login was read. There is one live copy. Around every refresh there is the
 * client's own lock: credentials/NAME.lock of kimi-cli, or kimi-code's directory
 * (dir_lock.h), before which our own processes queue on credentials/NAME.flock.
 *
 * A keyring belongs to the user and not to a home. So each home has items of its
 * own in it (store_item()), and what changes one holds a second lock, the user's:
 * keyring-NAME.lock in state_dir.h's directory, which is the same for a desktop,
 * cron and ssh, while the runtime directory comes and goes with the session.
 * It is taken after the home's lock.
 *
 * Reading needs no lock: a login is replaced whole, so a reader sees the old one
 * or the new one. Changing goes
 *
 *	store_lock_to_refresh(); store_load() again; store_prepare(); ...the exchange...;
 *	store_save(); store_close();
 *
 * where store_prepare() finds out, BEFORE a refresh token is spent, that the
 * store can be written, by saving the present login once more the very same
 * way. A failed save leaves the old login untouched. Nothing here prompts or
 * prints: `rights` and `fell_back` are for the caller to speak of.
 */
#ifndef KIMI_STORE_STORE_H
#define KIMI_STORE_STORE_H

#include "account/account.h"
#include "base/err.h"
#include "base/file.h"
#include "base/lock.h"
#include "home/dir_lock.h"
#include "home/home.h"
#include "store/helper.h"
#include "store/metadata.h"
#include "store/token.h"
#include "store/token_file.h"

#include <stdbool.h>

enum store_kind { STORE_NOWHERE, STORE_FILE, STORE_KEYRING };

/* What the store knows of the keyring (backend_keyring.c). */
struct store_keyring {
	bool locked_copy; /* store_load() found one that it could not open */
	bool half_kept;   /* a save that failed may have left a copy all the same */
	bool legacy;      /* store_load() found it where earlier versions kept the logins of all homes */
	struct credential_trouble trouble; /* why the keyring is not asked again by this store; "" if it is */
	int waited_ms;                     /* so far */
	int patience_ms; /* how long to wait in all; 0: each question may take its whole time */
};

struct store {
	const struct home *home;
	struct identity who;
	char key[128];               /* "oauth/NAME" */
	char host[PLATFORM_URL_MAX]; /* the OAuth host, under which a helper keeps the login */
	char folder[HOME_PATH_MAX];
	char file[HOME_PATH_MAX];  /* the login */
	char state[HOME_PATH_MAX]; /* what is known of it */
	char lock_file[HOME_PATH_MAX];
	enum store_kind found; /* where store_load() found the login */
	enum store_kind
	    kind; /* where store_save() is to put it: where it was found, unless the caller says else */
	enum login_rights rights; /* of the file, as it was read or is saved */
	bool fell_back;           /* store_save() could not reach the keyring and used the file */
	struct store_keyring keyring;
	const struct record_format *format; /* of the file */
	struct lock lock;
	struct dir_lock dir_lock; /* of a refresh, where the client has that kind of lock */
	struct lock user_lock;    /* on the keyring logins of this name in all of the user's homes */
	struct newfile next;      /* room for the next login */
};

/*
 * Names the store of a login (located, with tokens) in that home; touches no disk.
 * `home` is kept. -1: its key would leave the folder (ERR_CONFIG).
 */
int store_open(struct store *store, const struct home *home, const struct identity *who, struct err *err);

enum { STORE_ITEM_MAX = 128 + HOME_TAG_MAX };

/* The name of this login in the keyring and in the cache: its key, and the tag of the home (home.h). */
void store_item(const struct store *store, char ret_item[STORE_ITEM_MAX]);

/* The state or the config says that the login is in the keyring; else one that does not answer holds none. */
bool store_expects_keyring(const struct store *store);

/* From now on the keyring is not asked, unless a login is expected in it. */
void store_avoid_keyring(struct store *store);

/* Unlocks and forgets what was prepared. */
void store_close(struct store *store);

/*
 * Reads the login; the caller clears the token. 0 found, 1 none is stored, -1:
 * ERR_STORAGE there is one that cannot be read or makes no sense, ERR_BUSY it is
 * in a keyring that is locked or does not answer.
 */
int store_load(struct store *store, struct token *ret_token, struct err *err);

/* The same, but only the file is looked at. */
int store_load_file(struct store *store, struct token *ret_token, struct err *err);

/*
 * Waits until `deadline` (of clock_ms()) for the lock of a login or a logout; makes
 * the folder first. ERR_BUSY, ERR_STORAGE, ERR_INTERRUPTED.
 */
int store_lock(struct store *store, long long deadline, struct err *err);

/* The same for a refresh, with the lock that the client takes around it. */
int store_lock_to_refresh(struct store *store, long long deadline, struct err *err);

/*
 * A lock to refresh may get lost (dir_lock.h). To be asked right before the refresh
 * token is sent: false means not to send it; and before the new token is saved:
 * false means to read the login first.
 */
bool store_is_still_locked(struct store *store);

/*
 * With the lock held: proves that the login can be saved to store->kind
 * (STORE_NOWHERE: the file), with the login that is in it now, NULL if there is
 * none. ERR_STORAGE, ERR_BUSY.
 */
int store_prepare(struct store *store, const struct token *present, struct err *err);

/*
 * With the lock held: saves the login to store->kind and nowhere else, and notes
 * that in the state. The token's expires_at is then as the client keeps it.
 */
int store_save(struct store *store, struct token *token, struct state *state, struct err *err);

/*
 * Moves the login to `kind` under the lock it takes itself, without a moment in
 * which there is none; fine if it is there already. store->found is where it is
 * then: also with ERR_BUSY, where a copy in the keyring could not be removed. The
 * state knows of such a copy, and moving there once more removes it.
 */
int store_move(struct store *store, enum store_kind kind, struct err *err);

/*
 * With the lock held, after store_load(): removes the login from file and
 * keyring, and its state; fine if there is none. The lock file stays. -1 ERR_BUSY:
 * the keyring may still hold it, the file does not.
 */
int store_erase(struct store *store, struct err *err);

/*
 * Removes what killed commands left of this login, and the cached token: for a logout that finds no login. Takes the
 * lock where it needs it.
 */
int store_sweep(struct store *store, bool *ret_swept, struct err *err);

/* ERR_USAGE: the client of that home keeps no login of that kind ("keyring"; NULL: none was asked for). */
int store_check_kind(const struct home *home, const char *name, struct err *err);

/* "file", "keyring", NULL; and back, STORE_NOWHERE for anything else. */
const char *store_kind_name(enum store_kind kind);
enum store_kind store_kind_by_name(const char *name);

#endif
