/*
 * exchange: one request of a client, what the server answers, and the way of both.
 *
 * libmicrohttpd calls exchange_handle() for it until there is an answer; libcurl's
 * callbacks only move bytes and leave notes. What follows from them happens in
 * exchange_step(), which the relay calls for each exchange that asked for it.
 *
 * An answer 401 to a token is held back while another token is asked for; then the
 * request is sent once more, if its whole body was kept (upload.h).
 */
#ifndef KIMI_PROXY_EXCHANGE_H
#define KIMI_PROXY_EXCHANGE_H

#include "http/stream.h"
#include "proxy/guard.h"
#include "proxy/token_source.h"

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;

/* One request, when it is over. Its texts are cleaned for a terminal. */
struct exchange_record {
	const char *method, *path; /* the path without its query */
	int status;                /* of the answer; 499: the client left before there was one */
	double milliseconds;
	unsigned long long bytes_up, bytes_down; /* of the bodies */
};

/* What all exchanges of a relay share. */
enum { EXCHANGE_FIELDS_MAX = 256 };

struct exchanges {
	struct http_streams *streams;
	struct token_source *source;
	struct exchange *to_step;                 /* list */
	struct field fields[EXCHANGE_FIELDS_MAX]; /* of the head that is being read */
	bool woken;                               /* a connection goes on: libmicrohttpd must run */
	size_t count;                             /* of exchanges that are there */
	void (*log)(void *context, const struct exchange_record *request);
	void *context;
};

/* The raw request target has been read. Freed by exchange_free(). */
struct exchange *exchange_new(struct exchanges *all, struct MHD_Connection *connection, const char *target);

/* libmicrohttpd's MHD_AccessHandlerCallback. False: close the connection. */
bool exchange_handle(struct exchange *exchange, const struct guard_rules *rules, const char *method,
    const char *upload_data, size_t *upload_data_size);

/* The key was right. */
bool exchange_is_authorized(const struct exchange *exchange);

/* The client is gone, or the proxy ends: the request to the server ends at once, and the connection is closed. */
void exchange_abort(struct exchange *exchange);

/* Does what was noted. */
void exchanges_step(struct exchanges *all);

/* libmicrohttpd is done with it. Tells the log. */
void exchange_free(struct exchange *exchange);

#endif
