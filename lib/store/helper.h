/*
 * helper: stores a login in a Git credential helper, over pipes and with a timeout.
 *
 * The helper is our own kimi-credential-libsecret, or the one in
 * $KIMI_CREDENTIAL_HELPER by Git's rules: NAME means git credential-NAME, a path is
 * run as it is, both with the arguments that follow, and "!" begins a shell snippet.
 * It runs with get, store or erase as its last argument and speaks the lines of
 * git-credential(1): protocol, host, username (the key of the login) and password
 * (the login's JSON on one line). No secret is in an argument or in the environment.
 *
 * The protocol cannot tell "not found" from "locked" or "unavailable". Our helper does
 * so by its exit status (0 found, 1 not found, 3 locked, 4 unavailable). With other
 * helpers, success without a password means not found, and any failure unavailable. A
 * successful store is not proof either: see helper_store().
 */
#ifndef KIMI_STORE_HELPER_H
#define KIMI_STORE_HELPER_H

#include "base/buf.h"

#include <stdbool.h>

enum helper_result {
	HELPER_FOUND, /* after store, erase and probe: done */
	HELPER_NONE,  /* no login is stored */
	HELPER_LOCKED,
	HELPER_UNAVAILABLE,
};

struct helper_error {
	char reason[160]; /* why the result was LOCKED or UNAVAILABLE, as a message; else "" */
	bool may_be_kept; /* a store that failed may still have worked, or work soon */
	bool interrupted; /* a signal asked to stop, so the helper was killed */
};

enum { HELPER_MAX_BYTES = 1024 * 1024, HELPER_TIMEOUT_MS = 2500 };

/* The keyring must not be used ($KIMI_DISABLE_KEYRING), or no helper is installed. */
bool helper_is_off(void);

/* A hint: what to do about a keyring that failed. */
const char *helper_remedy(void);

/*
 * One login in the helper. Each call of the helper is killed after 2 s. A function that
 * calls it more than once takes at most HELPER_TIMEOUT_MS. Both are cut to `timeout_ms`.
 */
struct helper_item {
	const char *host; /* URL of the OAuth host */
	const char *key;  /* of the login */
	int timeout_ms;
};

/* Adds the secret to `ret_secret`, a secret buffer. */
enum helper_result helper_get(
    const struct helper_item *item, struct buf *ret_secret, struct helper_error *ret_error);

/*
 * Stores one line and reads it back: HELPER_FOUND means that the helper now holds exactly
 * this secret.
 */
enum helper_result helper_store(
    const struct helper_item *item, const char *secret, struct helper_error *ret_error);

/*
 * HELPER_FOUND: the item is gone, or there was none. Also erases what a probe left in a
 * slow keyring.
 */
enum helper_result helper_erase(const struct helper_item *item, struct helper_error *ret_error);

/*
 * Checks that a new item could be stored, by storing and erasing a dummy. To erase it may
 * take 2 s more than the timeout if the keyring has responded so far.
 */
enum helper_result helper_probe(const struct helper_item *item, struct helper_error *ret_error);

#endif
