/*
 * stream: many transfers at once, byte by byte, driven by the caller's loop.
 *
 * Where http.h makes one bounded request, this streams a request and its response
 * of any length over HTTP/1.1, with any method and without decoding. Each direction
 * can pause. Only connecting has a timeout. Connections are reused.
 *
 * Callbacks run within loop_turn() or http_stream_continue(). None of them may call
 * a function of this header, but for `end`.
 */
#ifndef KIMI_HTTP_STREAM_H
#define KIMI_HTTP_STREAM_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct http_streams; /* the connections, and all transfers over them */
struct http_stream;

struct http_streams *http_streams_open(struct loop *loop, struct err *err);

/* Cancel all transfers first. NULL is fine. */
void http_streams_close(struct http_streams *streams);

/*
 * Does what no response need wait for: frees the transfers that were cancelled, and prepares for the next
 * one. Call it before waiting.
 */
void http_streams_tidy(struct http_streams *streams);

enum { HTTP_STREAM_NO_BODY = -1, HTTP_STREAM_CHUNKED = -2 };
enum { HTTP_STREAM_WAIT = -1 };

struct http_stream_request {
	const char *method;
	const char *url;            /* checked (url.h) up to the path, which is sent as it is */
	const char *const *headers; /* "Name: value", or "Name;" for an empty one; ended by NULL */
	long long body_len;         /* bytes, or one of the two above */

	void *context; /* of the callbacks */
	/* Gets the final status and the header lines as they came, separated by "\r\n". */
	void (*head)(void *context, long status, const char *lines);
	/* Takes all bytes of the response. Returns false to take none and pause. */
	bool (*body)(void *context, const char *bytes, size_t len);
	/* Fills in bytes of the request; returns how many, 0 at the end, or HTTP_STREAM_WAIT to pause. */
	long (*read)(void *context, char *to, size_t size);
	/* The transfer ended; err: NULL, or ERR_NETWORK. Call http_stream_cancel() then. */
	void (*end)(void *context, const struct err *err);
};

/* Returns NULL with *err on failure. The texts are copied. */
struct http_stream *http_stream_start(
    struct http_streams *streams, const struct http_stream_request *request, struct err *err);

/* Resumes what paused: the request body (reading), the response body (writing). */
void http_stream_continue(struct http_stream *stream, bool reading, bool writing);

/* Stops the transfer, if it has not ended. http_streams_tidy() frees it. NULL is fine. */
void http_stream_cancel(struct http_stream *stream);

#endif
