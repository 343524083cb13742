/*
 * device_flow: gets a new login from a person, and saves it.
 *
 * login_run_device_flow() is the client's side of RFC 8628: request a code, let the
 * caller show it, poll until the person has decided. login_save() stores the tokens.
 * Nothing here prints; a watcher gets the events.
 */
#ifndef KIMI_LOGIN_DEVICE_FLOW_H
#define KIMI_LOGIN_DEVICE_FLOW_H

#include "auth/oauth.h"
#include "base/err.h"
#include "store/store.h"
#include "store/token.h"

struct login_watcher {
	void *context;
	/* Show this code. Called again for every new code. */
	void (*code)(void *context, const struct device_authorization *authorization);
	/* The code has expired; a new one follows. */
	void (*expired)(void *context);
	/* About ten times a second, with the seconds until the code expires. */
	void (*tick)(void *context, double seconds_left);
	/* A request failed temporarily, and is tried again. */
	void (*error)(void *context, const struct err *reason);
};

/*
 * Runs the flow until `deadline` (of clock_ms()). Requests at most five new codes if codes
 * expire. -1: ERR_DENIED, ERR_TIMEOUT, ERR_INTERRUPTED, ERR_PROTOCOL, or ERR_NETWORK and
 * ERR_SERVER if that lasted until the code expired. On success signals are held, and
 * login_save() releases them.
 */
int login_run_device_flow(struct oauth *oauth, long long deadline, const struct login_watcher *watcher,
    struct token *ret_token, struct err *err);

/*
 * Chooses where to save the tokens, and proves that they can be saved there before a person
 * is asked to confirm. `wanted` STORE_NOWHERE is auto: the keyring if it is unlocked and the
 * home is not shared with kimi-cli, else the file. Sets store->kind and ret_reason.
 * -1: ERR_STORAGE, or ERR_BUSY for a keyring that was named.
 */
int login_choose_store(
    struct store *store, enum store_kind wanted, char *ret_reason, size_t size, struct err *err);

/*
 * Moves a stored login to `kind` with store_move(), and updates the config. ERR_BUSY: it was
 * moved, but a copy is left in the keyring.
 */
int login_move(struct store *store, enum store_kind kind, struct err *err);

/*
 * Saves the tokens under the lock of the store, with their issuer, and adds the login to the
 * history. If the lock is busy for 30 s, the watcher gets that error, and it waits another
 * ten minutes, which a signal can interrupt (ERR_INTERRUPTED): a person has confirmed the
 * login, so it should not be lost.
 */
int login_save(struct store *store, const struct oauth *oauth, struct token *token,
    const struct login_watcher *watcher, struct err *err);

#endif
