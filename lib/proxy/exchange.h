/*
 * exchange: one request of a client and its response.
 *
 * libmicrohttpd calls exchange_handle() until the response is queued. libcurl's
 * callbacks only move bytes and set flags; exchanges_step() then acts on the flags.
 *
 * A 401 for a token is held back while a new token is requested. The request is then
 * sent once more if its whole body was kept (upload.h).
 */
#ifndef KIMI_PROXY_EXCHANGE_H
#define KIMI_PROXY_EXCHANGE_H

#include "http/stream.h"
#include "proxy/guard.h"
#include "proxy/token_source.h"

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;

/* A request that has ended, for the log. The texts are safe to print on a terminal. */
struct exchange_record {
	const char *method, *path; /* the path without its query */
	int status;                /* of the response; 499: the client left before there was one */
	double milliseconds;
	unsigned long long bytes_up, bytes_down; /* of the bodies */
};

/* What the exchanges of a relay share. */
struct exchanges {
	struct http_streams *streams;
	struct token_source *source;
	struct exchange *to_step;        /* those with a flag set */
	struct field fields[FIELDS_MAX]; /* of the request that is being read */
	bool woken;                      /* a connection was resumed: libmicrohttpd must run */
	size_t idle_rounds;              /* of libmicrohttpd, since it last read or wrote a body */
	size_t count;                    /* of exchanges that exist */
	size_t heads_max; /* bytes that the heads of a request and its response may have together */
	void (*log)(void *context, const struct exchange_record *request);
	void *context;
};

/* Creates an exchange once the raw request target was read. Freed by exchange_free(). */
struct exchange *exchange_new(struct exchanges *all, struct MHD_Connection *connection, const char *target);

/* Does the work of libmicrohttpd's MHD_AccessHandlerCallback. Returns false to close the connection. */
bool exchange_handle(struct exchange *exchange, const struct guard_rules *rules, const char *method,
    const char *upload_data, size_t *upload_data_size);

/* Returns whether the request carried the local key and passed all checks. */
bool exchange_is_authorized(const struct exchange *exchange);

/* Cancels the request to the server and closes the connection, because the client left or the proxy stops. */
void exchange_abort(struct exchange *exchange);

/* Acts on the flags that callbacks have set. */
void exchanges_step(struct exchanges *all);

/*
 * Frees an exchange that libmicrohttpd is done with, and writes its log entry. `failed`:
 * libmicrohttpd ended it with an error, which is a response of its own to a malformed body
 * unless exchange_abort() was the cause.
 */
void exchange_free(struct exchange *exchange, bool failed);

#endif
