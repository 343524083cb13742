/*
 * metadata: what is known about a stored login besides its tokens.
 *
 * credentials/NAME.state is JSON without a secret: who issued the login, when it was
 * last refreshed, whether its refresh token was rejected. It describes the token with
 * the expires_at in it. kimi-cli replaces the token without knowing this file; then
 * only the issuer and the storage are still valid. A refresh does not change who
 * issued a login, so its host stays bound until a login of ours names another or a
 * logout removes the file.
 */
#ifndef KIMI_STORE_METADATA_H
#define KIMI_STORE_METADATA_H

#include "account/platform.h"

#include <stdbool.h>

enum { METADATA_STORAGE_MAX = 16 };

/* The times in between which a host must not be asked; both 0: it may be. */
struct metadata_wait {
	double since, until;
};

struct metadata {
	double expires_at;                  /* of the token that it describes */
	char oauth_host[PLATFORM_URL_MAX];  /* the issuer; "" if unknown */
	char storage[METADATA_STORAGE_MAX]; /* "file" or "keyring" */
	double last_refresh;                /* epoch seconds; 0: unknown */
	double rejected_at;                 /* when the refresh token was last rejected; 0: never */
	int rejections;                     /* in a row */
	char rejected_by[PLATFORM_URL_MAX]; /* the host; without an issuer, maybe the wrong one */
	bool response_lost;                 /* see metadata_lose_response() */
	struct metadata_wait wait;
	int waits;          /* in a row */
	double clock_ahead; /* seconds by which our clock is fast; 0: unknown */
	bool reminded;      /* the user was told that the login will end */
};

/*
 * Where the login was stored when this file was last written: "file", "keyring" or "".
 * Like the issuer, it is valid for any token. It tells a keyring without a login from
 * one that does not respond.
 */
void metadata_load_storage(const char *path, char ret_storage[METADATA_STORAGE_MAX]);

/*
 * Reads what `path` says about the token with that expires_at. All zero if the file is
 * missing or damaged; only oauth_host is set if it describes another token.
 */
void metadata_load(const char *path, double expires_at, struct metadata *ret_state);

/* Replaces the file. Needs the store's lock. Errors are ignored: the login itself is saved. */
void metadata_save(const char *path, const struct metadata *state);

/* Changes the storage alone, and creates the file if it is missing. Likewise. */
void metadata_save_storage(const char *path, const char *storage);

/* Counts one more rejection by that host. */
void metadata_reject(struct metadata *state, const char *host, double now);

/*
 * Notes that the host reported success but its response held no usable login. The refresh
 * token may be spent, and a server that sees a spent token again ends the login. So the
 * token counts as rejected, and is not sent again.
 */
void metadata_lose_response(struct metadata *state, const char *host, double now);

/*
 * Notes at `now` that the host must not be asked again for that many seconds: at most a
 * day, in case the server or a clock is wrong.
 */
void metadata_wait(struct metadata_wait *ret_wait, double seconds, double now);

/*
 * The same for a host that could not refresh the login (429, 5xx) and asked for
 * `retry_after` seconds (0: it did not): waits at least 2 s, and twice as long with each
 * failure in a row, up to 60 s.
 */
void metadata_back_off(struct metadata *state, double retry_after, double now);

/* Seconds until the host may be asked again; 0: now, also if the clock was set back. */
double metadata_wait_left(const struct metadata_wait *wait, double now);

/*
 * That host has rejected the refresh token. False if the rejection is in the future,
 * because the clock was set back.
 */
bool metadata_is_rejected(const struct metadata *state, const char *host, double now);

/*
 * Seconds until a rejected refresh token may be sent to that host again, since servers
 * have rejected tokens by mistake: 300 after the first rejection, doubling up to a day;
 * INFINITY if the response was lost. 0: it may be sent now.
 */
double metadata_rejected_for(const struct metadata *state, const char *host, double now);

#endif
