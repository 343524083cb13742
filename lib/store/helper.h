/*
 * credential: a login kept by a Git credential helper, over pipes and under a
 * deadline.
 *
 * The helper is our own kimi-credential-libsecret, or the one that
 * $KIMI_CREDENTIAL_HELPER names by Git's rules: NAME means git credential-NAME, a
 * path is run as it is, both with arguments behind them, and "!" begins a shell
 * snippet. It is run with get, store or erase as its last argument and speaks
 * git-credential(1)'s lines: protocol, host, username (the key of the login) and
 * password (the login's JSON on one line). No secret is ever an argument or in
 * the environment.
 *
 * The protocol itself cannot tell none from locked from unavailable. Our helper
 * does so by exit status (0 found, 1 none, 3 locked, 4 unavailable); of a
 * stranger's, success without a password is none and anything else unavailable.
 * Nor is a store a promise: see credential_store().
 */
#ifndef KIMI_STORE_HELPER_H
#define KIMI_STORE_HELPER_H

#include "base/buf.h"

#include <stdbool.h>

enum credential_answer {
	CREDENTIAL_FOUND, /* for store and erase: done */
	CREDENTIAL_NONE,
	CREDENTIAL_LOCKED,
	CREDENTIAL_UNAVAILABLE,
};

struct credential_trouble {
	char why[160];    /* an answer was LOCKED or UNAVAILABLE, for people */
	bool may_be_kept; /* what was not stored may have come about all the same, now or in a moment */
};

enum { CREDENTIAL_MAX_BYTES = 1024 * 1024, CREDENTIAL_PATIENCE_MS = 2500 };

/* The keyring is not to be asked: $KIMI_DISABLE_KEYRING, or no helper is installed. */
bool credential_is_off(void);

/* What a person can do about a keyring that gives trouble, as the beginning of a sentence that says what then. */
const char *credential_remedy(void);

/*
 * `host` is the OAuth host's URL, `key` the key of the login. A helper that has
 * not answered after 2 s is killed; what takes more than one question has
 * CREDENTIAL_PATIENCE_MS for all of them. Nothing takes longer than `patience_ms`
 * either. The secret is added to a secret buffer of the caller.
 */
enum credential_answer credential_get(const char *host, const char *key, int patience_ms,
    struct buf *ret_secret, struct credential_trouble *ret_trouble);

/* Stores and reads back: FOUND means that the helper really holds exactly this now. One line, no NUL. */
enum credential_answer credential_store(const char *host, const char *key, const char *secret,
    int patience_ms, struct credential_trouble *ret_trouble);

/* FOUND: it is gone, also where there was none to erase; with it a probe that a slow keyring was left with. */
enum credential_answer credential_erase(
    const char *host, const char *key, int patience_ms, struct credential_trouble *ret_trouble);

/*
 * Finds out whether something new could be stored, with an item of no meaning.
 * To erase that again may take another 2 s of a keyring that answered till then.
 */
enum credential_answer credential_probe(
    const char *host, const char *key, int patience_ms, struct credential_trouble *ret_trouble);

#endif
