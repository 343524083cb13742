/*
 * status: the state of a login.
 *
 * status_look() is as fast as `kimi token`: it reads the token file and its metadata, the
 * keyring only if there is no file, and no config. status_select() also finds API keys.
 * status_list() is slow and complete: all logins, each with its problems.
 *
 * Nothing here uses the network unless `online` is set, or changes anything except the
 * permissions of a token file that others can read.
 */
#ifndef KIMI_STATUS_STATUS_H
#define KIMI_STATUS_STATUS_H

#include "account/account.h"
#include "account/problem.h"
#include "base/err.h"
#include "home/home.h"
#include "status/online.h"
#include "store/metadata.h"

#include <stdbool.h>
#include <stddef.h>

enum status_state {
	STATUS_FRESH,    /* an API key is always fresh: it does not expire */
	STATUS_DUE,      /* valid, and a refresh is due */
	STATUS_EXPIRED,  /* the access token has expired, or cannot be read now */
	STATUS_REJECTED, /* the refresh token was rejected; the access token may still be valid */
	STATUS_LOGGED_OUT,
};

enum { STATUS_MODEL_MAX = 256, STATUS_PATH_MAX = 512 };

struct status {
	struct account account;
	enum status_state state;
	const char *storage; /* "file", "keyring"; for API keys "config", "environment"; NULL: not stored */
	char path[STATUS_PATH_MAX]; /* of the token file; "": not in a file */
	double expires_at;          /* of the access token; 0: there is none, or it does not expire */
	double life;                /* whole life of the access token in seconds; 0: not known */
	bool can_refresh;           /* there is a refresh token, and it was not rejected */
	bool
	    will_end; /* the login ends with its access token: the refresh token was rejected or is missing */
	struct metadata known; /* of the tokens */
	struct err error;      /* why the tokens could not be read */
	/* Set by status_list() only: */
	bool is_unused;                       /* the config or the environment names other hosts */
	char default_model[STATUS_MODEL_MAX]; /* "": none, or of another platform */
	struct problems problems;
	enum { STATUS_NOT_ASKED, STATUS_ONLINE, STATUS_OFFLINE } online;
	struct online facts; /* what Kimi says about the login, if online; owned */
};

/* The name of a state as scripts see it. */
const char *status_state_name(enum status_state state);

/*
 * Looks at one login. -1: it cannot be looked for (ERR_CONFIG, ERR_INTERRUPTED). A login that
 * cannot be read is a status with an error.
 */
int status_look(struct status *ret_status, const struct account *account, struct err *err);

/* The same, and asks the keyring even if its token is cached. */
int status_look_at_keyring(struct status *ret_status, const struct account *account, struct err *err);

struct status_list {
	struct status *items;
	size_t count;
	struct problems general; /* problems that concern all logins */
};

/* What to list. */
struct status_query {
	const struct home *homes; /* borrowed, and must outlive the list */
	size_t home_count;
	const struct platform *only; /* list this platform, even without a login; NULL: all platforms */
	const char *account;         /* list this account, even if it is not logged in; NULL: all accounts */
	bool online;                 /* try each login at Kimi, which refreshes those that are due */
};

/*
 * Lists the logins with all their problems. The caller clears the list.
 * -1: ERR_USAGE, ERR_CONFIG, ERR_BUSY, ERR_INTERRUPTED.
 */
int status_list(struct status_list *ret_list, const struct status_query *query, struct err *err);
void status_list_clear(struct status_list *list);

/* Which login to select. */
struct status_selection {
	const struct account *account;
	bool platform_is_named;          /* by an option: no other platform's API key can replace it */
	const struct status_list *known; /* take the status from here if it is listed; may be NULL */
};

/* The login, or the API key, that `kimi token` would use. -1: as status_look(). */
int status_select(struct status *ret_status, const struct status_selection *selection, struct err *err);

enum status_verdict { STATUS_GOOD, STATUS_NEEDS_REFRESH, STATUS_NEEDS_LOGIN };

/* Whether it is valid for that many seconds (negative: as `kimi token` wants it), else what it needs. */
enum status_verdict status_judge(const struct status *status, double min_valid);

#endif
