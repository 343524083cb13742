/*
 * state: what is known about a stored login besides the login itself.
 *
 * credentials/NAME.state, JSON without a secret: who issued the login, when it
 * was last refreshed, whether its refresh token was rejected. It speaks of the
 * token whose expires_at it names; kimi-cli rewrites the token without knowing
 * of this file, and then only the issuer and the storage still hold: a refresh
 * does not change who issued a login, so its host is bound until a login of ours
 * names another or a logout removes the file.
 */
#ifndef KIMI_STORE_METADATA_H
#define KIMI_STORE_METADATA_H

#include "account/platform.h"
#include "base/err.h"

#include <stdbool.h>

enum { STATE_STORAGE_MAX = 16 };

struct state {
	double expires_at;                 /* of the token it speaks of */
	char oauth_host[PLATFORM_URL_MAX]; /* the issuer; "" if not known */
	char storage[STATE_STORAGE_MAX];   /* "file" or "keyring" */
	double last_refresh;               /* epoch seconds; 0: not known */
	double rejected_at;                /* when its refresh token was last rejected; 0: it was not */
	int rejections;                    /* in a row */
	bool answer_lost; /* the last counted since the answer to it was lost: see state_lose_answer() */
	double waits_since, waits_until; /* the host is not asked between these; 0: it may be */
	int waits;                       /* how often in a row it had to be waited for */
	double clock_ahead; /* seconds this clock was ahead of the host's at its last answer; 0: not known */
	bool reminded;      /* a person was told that the login will die */
	char rejected_by
	    [PLATFORM_URL_MAX]; /* the host that did, since without an issuer it may have been the wrong one */
};

/*
 * Where the login lay when this file was last written: "file", "keyring" or "".
 * Like the issuer it holds for any token: it tells a keyring that has no
 * login from one that does not answer.
 */
void state_load_storage(const char *path, char ret_storage[STATE_STORAGE_MAX]);

/*
 * What `path` says of the token with that expires_at; all zero if it is absent or
 * damaged, and all but oauth_host if it speaks of another token.
 */
void state_load(const char *path, double expires_at, struct state *ret_state);

/* Replaces it whole; the caller holds the store's lock. */
int state_save(const char *path, const struct state *state, struct err *err);

/* Changes the storage alone; a state that is not there is made. Failing is no failure: it is a note. */
void state_save_storage(const char *path, const char *storage);

/* Notes one more rejection by that host. */
void state_reject(struct state *state, const char *host, double now);

/*
 * Notes that a good answer came in which no login could be found. The refresh
 * token may be spent, and a server that sees a spent one again ends the login:
 * it counts as rejected, without an end.
 */
void state_lose_answer(struct state *state, const char *host, double now);

/*
 * Notes that the host could not refresh the login at `now` (429, 5xx) and is not
 * to be asked again for that many seconds: a day at most, since servers and clocks
 * are wrong at times.
 */
void state_wait(struct state *state, double seconds, double now);

/* The same of a host that asked for `retry_after` seconds (0: for none): at least 2 s, doubling to 60 with each in a row. */
void state_back_off(struct state *state, double retry_after, double now);

/* Seconds until the host may be asked again; 0: now, also where the clock was set back. */
double state_wait_left(const struct state *state, double now);

/* That host has rejected the refresh token; false if that was in the future: the clock was set back, believe nothing. */
bool state_is_rejected(const struct state *state, const char *host, double now);

/*
 * Seconds until a rejected refresh token may be shown to that host once more:
 * 300 after the first rejection, doubling to a day, since servers have rejected
 * by mistake; INFINITY where the answer was lost. 0: it may be shown now.
 */
double state_rejected_for(const struct state *state, const char *host, double now);

#endif
