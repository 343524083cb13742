/*
 * token_source: the token that the proxy adds to requests.
 *
 * kimi-token and kimi-refresh run as children, so the proxy has no code for stores,
 * locks and refreshes, and a slow keyring or network delays no stream. The token is
 * cached until it is due, and then replaced in the background while requests go on
 * using it. When a file of the login changes, even during a call, requests wait for
 * kimi-token, since it may have been a logout. All waiting requests share one call.
 */
#ifndef KIMI_PROXY_TOKEN_SOURCE_H
#define KIMI_PROXY_TOKEN_SOURCE_H

#include "account/call.h"
#include "account/platform.h"
#include "base/err.h"
#include "base/loop.h"
#include "home/home.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { TOKEN_FILES = 3 };

/* Where the requests of a login go, and the files that change with it. */
struct token_location {
	const char *client; /* a constant */
	char base_url[PLATFORM_URL_MAX];
	char files[TOKEN_FILES][HOME_PATH_MAX]; /* "": none */
};

struct token_login {
	const char *client, *platform, *account; /* the options; NULL: not given */
	/* Finds the login. platform NULL: the options decide. Returns -1 with *err on failure. */
	int (*locate)(const struct token_login *login, const char *platform,
	    struct token_location *ret_location, struct err *err);
};

/* A call of token_source_get(); it is the caller's memory. */
struct token_waiter {
	/* Gets the secret and its base URL, borrowed until the next call, or the error (else NULL). */
	void (*ready)(void *context, const char *secret, const char *base_url, const struct err *err);
	void *context;
	uint64_t refused;          /* fingerprint of a secret that the server refused; 0: none */
	struct token_waiter *next; /* in source->waiters */
};

enum token_step { TOKEN_IDLE, TOKEN_ASKING, TOKEN_REFRESHING, TOKEN_ASKING_AGAIN };

struct token_source {
	struct loop *loop;
	struct token_login login;
	struct token_location location;
	struct stat seen[TOKEN_FILES]; /* state of the files before the last call */
	long long looked_ms;           /* clock_ms() when the files were last found unchanged */
	bool has_changed;              /* a file had changed before the last call */
	char *secret;                  /* owned; NULL: there is none */
	uint64_t fingerprint;          /* of the secret; 0: there is none */
	char platform[64];             /* of the secret */
	bool is_token;                 /* not an API key, which never expires */
	double expires_at, due_at;     /* seconds since the epoch */
	double refreshed_at;           /* when a refresh was last forced */
	uint64_t refused;              /* the secret that is being replaced; 0: none */
	enum token_step step;
	bool is_repeated; /* the call: a file had changed while the one before ran */
	struct call_running running;
	struct loop_watch output, ended;
	struct token_waiter *waiters;
};

void token_source_open(struct token_source *source, struct loop *loop, const struct token_login *login);
void token_source_close(struct token_source *source);

/* Fetches the secret before it is needed. */
void token_source_prefetch(struct token_source *source);

/*
 * Gets the secret and calls waiter->ready exactly once, before it returns if the cached
 * secret can be used. `refused` is the fingerprint of a secret that the server answered
 * with 401, or 0: another secret is wanted, and the login is refreshed for it if need
 * be, once for all waiters and at most every 30 s. ERR_REJECTED: there is no other.
 */
void token_source_get(struct token_source *source, struct token_waiter *waiter, uint64_t refused);

/* Cancels the wait; waiter->ready will not be called. */
void token_source_leave(struct token_source *source, struct token_waiter *waiter);

#endif
