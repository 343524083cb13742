/*
 * request: one authorized GET, or several side by side.
 *
 *	struct api_request request = {.home = home, .who = who, .path = "/models", ...};
 *
 *	api_request_all(&request, 1);
 *	if (!request.failed)
 *		... request.answer ...
 *	api_request_clear(&request);
 *
 * It finds the secret (auth/secret.h), sends it with the headers of the platform,
 * and judges the answer: after a 401 the next secret is tried; anything but a 200
 * with JSON in it is an error in the platform's own words.
 */
#ifndef KIMI_API_REQUEST_H
#define KIMI_API_REQUEST_H

#include "account/account.h"
#include "auth/secret.h"
#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* As many as can be asked side by side. */
enum { API_REQUESTS_MAX = 32 };

struct api_request {
	const struct home *home;
	struct identity who;
	const struct toml *config; /* for the user's own headers; may be NULL */
	const char *path;          /* below the base URL, "/models" */
	const char *subject;       /* what is asked for, in messages: "model list" */
	size_t max_answer;         /* bytes */
	int total_ms;
	bool no_device_headers; /* nor the user's own */
	const char *secret;     /* sent as it is, instead of the one that is stored; NULL: find that */
	bool among_others;      /* see struct secret_source */

	/* What came of it. */
	bool failed;        /* a request that has failed before it is sent is left as it is */
	struct err err;     /* why: ERR_LOGIN_REQUIRED where there is nothing to ask with, ERR_REJECTED (401),
	                   ERR_DENIED (402, or the account was ended), ERR_NETWORK, ERR_SERVER,
	                   ERR_PROTOCOL, ERR_CONFIG, ERR_INTERRUPTED */
	json_t *answer;     /* owned; NULL if it failed */
	double retry_after; /* seconds that the server asked to be left alone, if it failed; 0: it did not */
};

/*
 * Sends them side by side: it takes as long as the slowest. Refresh tokens are
 * spent in the caller's own thread alone, where signals are held meanwhile.
 */
void api_request_all(struct api_request *requests, size_t count);

void api_request_clear(struct api_request *request);

/* Turns an answer that is not what it should be into a failure (ERR_PROTOCOL); `why`: "it has no list". */
void api_request_makes_no_sense(struct api_request *request, const char *why);

#endif
