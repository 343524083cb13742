/*
 * keyring: one login in the system keyring, for the credential helper.
 *
 * The attributes are those of Python's keyring, service "kimi-code" and the
 * username, so that each finds what the other stored. Nothing is unlocked, nobody
 * is asked, no bus is launched; the deadline is set by whoever runs the helper.
 * This room and keyring_service.h are built only where libsecret is.
 */
#ifndef KIMI_KEYRING_KEYRING_H
#define KIMI_KEYRING_KEYRING_H

#include "base/buf.h"
#include "base/err.h"

enum keyring_answer {
	KEYRING_DONE,        /* found, stored, erased */
	KEYRING_NONE,        /* there is none */
	KEYRING_LOCKED,      /* there may be one, and it would take a person to open the keyring */
	KEYRING_UNAVAILABLE, /* *err says why */
};

/* The newest of those that are open, whole; it is added to `ret_secret`. */
enum keyring_answer keyring_get(const char *username, struct buf *ret_secret, struct err *err);

/* Puts it in the place of what is there; others of the same username go. */
enum keyring_answer keyring_store(const char *username, const char *secret, struct err *err);

/* Removes all of that username. */
enum keyring_answer keyring_erase(const char *username, struct err *err);

#endif
