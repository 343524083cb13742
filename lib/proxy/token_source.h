/*
 * token_source: the token that the proxy adds to requests, as kimi-token has it.
 *
 * kimi-token and kimi-refresh run as children, so the proxy has no code for stores,
 * locks and refreshes, and a slow keyring or network holds up no stream. The token
 * is kept until it is due (then it is replaced in the background; who asks meanwhile
 * gets the old one while it lives) or a file of the login changes (then who asks
 * waits for the answer, since it may have been a logout). All who wait share one
 * answer.
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

/* Where the requests of a login go, and what shows that it has changed. */
struct token_place {
	const char *client; /* a constant */
	char base_url[PLATFORM_URL_MAX];
	char files[TOKEN_FILES][HOME_PATH_MAX]; /* "": none */
};

struct token_login {
	const char *client, *platform, *account; /* the options; NULL: not given */
	/* Where that login of that platform (NULL: the one that is meant) is now. -1: *err. */
	int (*locate)(const struct token_login *login, const char *platform, struct token_place *ret_place,
	    struct err *err);
};

/* Of a token_source_get() that has to wait. */
struct token_waiter {
	/* The secret and its base URL, borrowed until the next call; or why there is none. */
	void (*ready)(void *context, const char *secret, const char *base_url, const struct err *err);
	void *context;
	uint64_t refused;          /* fingerprint of a secret that will not do; 0: none was refused */
	struct token_waiter *next; /* of the source's */
	bool is_waiting;
};

enum token_step { TOKEN_IDLE, TOKEN_ASKING, TOKEN_REFRESHING, TOKEN_ASKING_AGAIN };

struct token_source {
	struct loop *loop;
	struct token_login login;
	struct token_place place;
	struct stat seen[TOKEN_FILES]; /* of the files, before the secret was asked for */
	long long looked_ms;           /* of clock_ms(), when they were last found unchanged */
	bool has_changed;              /* one of them had when the secret was asked for */
	char *secret;                  /* owned; NULL: there is none */
	char platform[64];             /* that it is for */
	bool is_token;                 /* and no API key, which does not end */
	double expires_at, due_at;     /* seconds since the epoch */
	double refreshed_at;           /* when a refresh was last forced */
	uint64_t refused;              /* the secret that is being replaced; 0: none */
	enum token_step step;
	struct call_running running;
	struct loop_watch output, ended;
	struct token_waiter *waiters;
};

void token_source_open(struct token_source *source, struct loop *loop, const struct token_login *login);
void token_source_close(struct token_source *source);

/* Has it ready before it is needed. */
void token_source_prefetch(struct token_source *source);

/*
 * Asks for the secret. `refused` is one that the server answered 401 to: then another
 * one is meant, and the login is refreshed for it if need be, once for all that wait
 * and at most every 30 s. waiter->ready is called in any case, before this returns if
 * nothing has to be waited for. The error for a refused secret that has no successor
 * is ERR_REJECTED.
 */
void token_source_get(struct token_source *source, struct token_waiter *waiter, const char *refused);

/* It is not waiting any longer. */
void token_source_leave(struct token_source *source, struct token_waiter *waiter);

#endif
