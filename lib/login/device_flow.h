/*
 * login: getting a new login from a person, and putting it away.
 *
 * login_run_device_flow() is RFC 8628 from the client's side: take a code, let
 * the caller show it, ask until the person has decided. login_save() puts the
 * tokens into the store. Nothing here prints: a watcher is told what happens.
 */
#ifndef KIMI_LOGIN_DEVICE_FLOW_H
#define KIMI_LOGIN_DEVICE_FLOW_H

#include "auth/oauth.h"
#include "base/err.h"
#include "store/store.h"
#include "store/token.h"

#include <stdbool.h>

struct login_watcher {
	void *context;
	/* A code to show; before a browser is opened, and again for every new code. */
	void (*code)(void *context, const struct device_authorization *authorization);
	/* The code ran out unused; a new one follows. */
	void (*expired)(void *context);
	/* Time goes by: about ten times a second, with the seconds the code still lives. May be NULL. */
	void (*tick)(void *context, double seconds_left);
	/* The host did not answer this time; it is asked again. */
	void (*trouble)(void *context, const struct err *why);
};

/*
 * Runs the flow until `deadline` (of clock_ms()), with five new codes at most for
 * those that expire. -1: ERR_DENIED, ERR_TIMEOUT,
 * ERR_INTERRUPTED, ERR_NETWORK and ERR_SERVER (no answer until the code's own
 * end), ERR_PROTOCOL. On success signals are held: login_save() releases them.
 */
int login_run_device_flow(struct oauth *oauth, long long deadline, const struct login_watcher *watcher,
    struct token *ret_token, struct err *err);

/*
 * Decides where the tokens will go and finds out, before a person is troubled,
 * that they can be saved there. `wanted` STORE_NOWHERE is auto: the keyring if it
 * answers and is open, else the file; the file too where kimi-cli shares the
 * home. store->kind is the choice and ret_why why. -1: ERR_STORAGE, or ERR_BUSY
 * for a keyring that was asked for by name.
 */
int login_choose_store(
    struct store *store, enum store_kind wanted, char *ret_why, size_t size, struct err *err);

/*
 * Moves a stored login to `kind`, see store_move(), and lets the config say where
 * it is now: also with ERR_BUSY, where it has moved and left a copy behind.
 */
int login_move(struct store *store, enum store_kind kind, struct err *err);

/*
 * Saves the tokens there under the store's lock, and notes who issued them, in the
 * history too. A person has confirmed them: where the lock is not to be had within
 * 30 s the watcher hears of that trouble, and it is waited for ten minutes more,
 * in which a signal may give the login up (ERR_INTERRUPTED).
 */
int login_save(struct store *store, const struct oauth *oauth, struct token *token,
    const struct login_watcher *watcher, struct err *err);

#endif
