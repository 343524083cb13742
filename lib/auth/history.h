/*
 * history: a log of what happened to the logins, for `kimi status --history`.
 *
 * history.jsonl in the home (0600) has one JSON object per line and no secret:
 * time, event, platform, account (null: the default account), storage (null: unknown),
 * outcome ("ok" or the name of an error code) and the program. Each line is one write()
 * in append mode, so lines of parallel processes do not mix. When the file gets large, it
 * is renamed to history.jsonl.1 under a lock and replaces the previous one, so the size
 * of both is limited. A process that still has the old file open writes to
 * history.jsonl.1, which is read too.
 *
 * Errors while writing the log are ignored, because nothing depends on it.
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
	HISTORY_REFRESH,  /* a refresh token was sent and not rejected */
	HISTORY_REJECTED, /* a refresh token was sent and rejected */
	HISTORY_LOGOUT,
};

struct history_entry {
	enum history_event event;
	const struct account *who; /* the log of its home gets the entry */
	const char *storage;       /* "file", "keyring", "config", or NULL: unknown */
	const struct err *failure; /* NULL: success */
};

/*
 * Adds an entry. A refresh that fails like the previous one is not added again until
 * something else happens to the login.
 */
void history_add(const struct history_entry *entry);

/* The same for the login of a store, with the storage of store->kind. */
void history_add_store(enum history_event event, const struct store *store, const struct err *failure);

/*
 * Reads the logs of these homes, oldest first, as an array of their objects; invalid lines
 * are skipped. With more than one home each object also has its "client". 0 (with an empty
 * array if there is no log), -1 ERR_STORAGE. The caller frees *ret_lines.
 */
int history_read(const struct home homes[], size_t count, json_t **ret_lines, struct err *err);

/* Removes the objects of other platforms and accounts ("": the default one). NULL: of none. */
void history_select(json_t *lines, const char *platform, const char *account);

#endif
