/*
 * status: how a login stands.
 *
 * status_look() is as fast as `kimi token`: the file of the login and its state,
 * the keyring only if there is no file, and no config. status_select() looks at
 * the one that `kimi token` would use, with the keys behind it. status_list()
 * takes its time: all logins, each with what is wrong with it.
 *
 * Nothing here speaks to the network unless it is told to, or changes anything but
 * loose rights of a file that holds tokens.
 */
#ifndef KIMI_STATUS_STATUS_H
#define KIMI_STATUS_STATUS_H

#include "account/account.h"
#include "account/problem.h"
#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"
#include "status/online.h"
#include "store/metadata.h"

#include <stdbool.h>
#include <stddef.h>

enum status_state {
	STATUS_FRESH,    /* an API key is always fresh: it does not end */
	STATUS_DUE,      /* alive, and a refresh is due */
	STATUS_EXPIRED,  /* the access token has ended, or cannot be read now */
	STATUS_REJECTED, /* the refresh token was rejected; the access token may still live */
	STATUS_LOGGED_OUT,
};

enum { STATUS_MODEL_MAX = 256, STATUS_PLACE_MAX = 512 };

struct status {
	const struct home *home; /* where it was looked for; borrowed */
	struct identity who;
	enum status_state state;
	const char *storage; /* "file", "keyring", "config" and "environment" (keys); NULL: nowhere */
	char place[STATUS_PLACE_MAX]; /* of the file; "" for others */
	double expires_at;            /* of the access token; 0: there is none, or none that ends */
	double life;                  /* of the access token from its start to its end, 0: not known */
	bool can_refresh;             /* there is a refresh token, and it would be taken */
	bool will_end; /* its access token is its last: the refresh token was rejected, or there is none */
	struct state known; /* what is known of the tokens */
	struct err trouble; /* why they could not be read; ERR_NONE: they could, or there are none */
	/* Of status_list() alone: */
	bool is_unused;                       /* the hosts in force are those of another login */
	char default_model[STATUS_MODEL_MAX]; /* "": none, or not one of this platform */
	struct problems problems;
	enum { STATUS_NOT_ASKED, STATUS_ONLINE, STATUS_OFFLINE } online;
	struct online facts; /* if Kimi took the login: what it says of it; owned */
};

/* The name of a state as scripts see it. */
const char *status_state_name(enum status_state state);

/*
 * `thorough` asks the keyring even if its token is at hand. -1: the login cannot be
 * looked for at all (ERR_CONFIG); one that cannot be read is a status with trouble.
 */
int status_look(struct status *ret_status, const struct home *home, const struct identity *who, bool thorough,
    struct err *err);

struct status_list {
	struct status *items;
	size_t count;
	struct problems general; /* what concerns all of them */
};

/*
 * The same of that login, or of the key that `kimi token` prints in its place:
 * another platform's only if none was named. What is in `known` (NULL: nothing is)
 * is not looked at again.
 */
int status_select(struct status *ret_status, const struct home *home, const struct identity *who,
    const struct status_list *known, bool platform_is_named, struct err *err);

enum status_verdict { STATUS_GOOD, STATUS_NEEDS_REFRESH, STATUS_NEEDS_LOGIN };

/* Whether it is good for that many seconds (negative: what `kimi token` wants), and what it needs if not. */
enum status_verdict status_judge(const struct status *status, double min_valid);

/*
 * All logins that there are in these homes (which outlive the list), of `only` if
 * it is not NULL: that platform is then listed even if there is none. With an
 * account, that login alone, in any case. With `online` each is tried at Kimi,
 * which renews those that are due. The caller clears the list.
 */
int status_list(struct status_list *ret_list, const struct home homes[], size_t home_count,
    const struct platform *only, const char *account, bool online, struct err *err);
void status_list_clear(struct status_list *list);

#endif
