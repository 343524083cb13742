/*
 * request: one authorized GET, or several in parallel.
 *
 *	struct api_request request = {.account = account, .path = "/models", ...};
 *
 *	api_request_all(&request, 1);
 *	if (!request.failed)
 *		... request.body ...
 *	api_request_clear(&request);
 *
 * It finds the secret (auth/secret.h), sends it with the headers of the platform
 * and checks the response. After a 401 it tries the next secret. Anything but a 200 with
 * JSON is an error that quotes the platform's message.
 */
#ifndef KIMI_API_REQUEST_H
#define KIMI_API_REQUEST_H

#include "account/account.h"
#include "auth/secret.h"
#include "base/err.h"
#include "format/toml.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The most requests that can run in parallel. */
enum { API_REQUESTS_MAX = 32 };

struct api_request {
	struct account account;
	const struct toml *config; /* of the home, if the caller has read it; custom headers need it */
	const char *path;          /* below the base URL, "/models" */
	const char *subject;       /* what is fetched, in messages: "model list" */
	size_t max_response;       /* bytes */
	int total_ms;
	bool no_device_headers; /* nor custom headers */
	const char *secret;     /* send this instead of the stored secret; may be NULL */
	bool among_others;      /* see struct secret_source */

	/* The result. */
	bool failed;        /* a request that has failed already is not sent */
	bool is_long;       /* the response: its values took much memory */
	struct err err;     /* ERR_LOGIN_REQUIRED if there is no secret, ERR_REJECTED (401),
	                   ERR_DENIED (402, or the account was ended), ERR_NETWORK, ERR_SERVER,
	                   ERR_PROTOCOL, ERR_CONFIG, ERR_INTERRUPTED */
	json_t *body;       /* owned; NULL if it failed */
	double retry_after; /* seconds that the server asked to wait, if it failed for now; 0: none */
};

/*
 * Sends all requests in parallel, and refreshes tokens in parallel before that
 * (refresh_aside.h). No other thread may be running.
 */
void api_request_all(struct api_request *requests, size_t count);

void api_request_clear(struct api_request *request);

/* Makes an invalid response a failure (ERR_PROTOCOL); `reason`: "it has no list". */
void api_request_makes_no_sense(struct api_request *request, const char *reason);

#endif
