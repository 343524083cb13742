/*
 * keyring: one login in the system keyring, for the credential helper.
 *
 * The attributes are those of Python's keyring, service "kimi-code" and the username, so
 * that both find each other's items. The functions never unlock a keyring, ask the user or
 * launch a bus. They have no timeout: the caller of the helper has. This file and
 * secret_service.h are built only with libsecret.
 */
#ifndef KIMI_KEYRING_KEYRING_H
#define KIMI_KEYRING_KEYRING_H

#include "base/buf.h"
#include "base/err.h"

enum keyring_result {
	KEYRING_DONE,        /* found, stored or erased */
	KEYRING_NONE,        /* there is no login */
	KEYRING_LOCKED,      /* only the user can unlock the keyring; there may be a login in it */
	KEYRING_UNAVAILABLE, /* *err says why */
};

/* Adds the secret of the newest unlocked item to `ret_secret`. */
enum keyring_result keyring_get(const char *username, struct buf *ret_secret, struct err *err);

/* Replaces all items of that username by one with this secret. */
enum keyring_result keyring_store(const char *username, const char *secret, struct err *err);

/* Removes all items of that username. */
enum keyring_result keyring_erase(const char *username, struct err *err);

#endif
