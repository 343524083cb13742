/*
 * history: what happened to the logins, for a person who asks later.
 *
 * history.jsonl in the home (0600), one JSON object a line, without a secret:
 * time, event, platform, account (null: the plain login), storage (null: not
 * known), outcome ("ok" or the name of an error code) and the program that did
 * it. A line is one write() to a file opened for appending, so that those of many
 * processes never mix. A file that has grown large is set aside whole, under a
 * lock of its own, as history.jsonl.1: who had it open still writes to a file
 * that is read. The one set aside before that goes, so both together stay bounded.
 *
 * Nothing depends on it: that it cannot be written is never a failure.
 */
#ifndef KIMI_AUTH_HISTORY_H
#define KIMI_AUTH_HISTORY_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"
#include "store/store.h"

#include <jansson.h>

enum history_event {
	HISTORY_LOGIN,
	HISTORY_REFRESH,  /* a refresh token was sent, and not rejected */
	HISTORY_REJECTED, /* it was */
	HISTORY_LOGOUT,
};

/*
 * `failure` NULL: it went well. A refresh that fails as the one before it did is
 * not noted again until something else happens to the login.
 */
void history_add(const struct home *home, enum history_event event, const struct identity *who,
    const char *storage, const struct err *failure);

/* The same of the login of a store, where store->kind says. */
void history_add_store(enum history_event event, const struct store *store, const struct err *failure);

/*
 * Reads it, oldest first, as an array of the objects; what is no such line is
 * passed over. 0 (an empty array if there is none), -1 ERR_STORAGE.
 */
int history_read(const struct home *home, json_t **ret_lines, struct err *err);

#endif
