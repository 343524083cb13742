/*
 * stream: many transfers at once, byte by byte, driven by the caller's loop.
 *
 * Where http.h makes one bounded request, this passes a request and its answer
 * through: HTTP/1.1, any method, a body from the caller as it comes, an answer of
 * any length as it comes, undecoded. Each direction can pause. There is no time
 * limit but for connecting; connections are kept for the next request.
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

/* After the last of its transfers was cancelled. NULL is fine. */
void http_streams_close(struct http_streams *streams);

enum { HTTP_STREAM_NO_BODY = -1, HTTP_STREAM_CHUNKED = -2 };
enum { HTTP_STREAM_WAIT = -1, HTTP_STREAM_ABORT = -2 };

struct http_stream_request {
	const char *method;
	const char *url;            /* checked (url.h); its path is sent as it is */
	const char *const *headers; /* "Name: value", or "Name;" for an empty one; ended by NULL */
	long long body_len;         /* bytes, or one of the two above */

	void *context; /* of the callbacks */
	/* The final status, and the lines of its head as they came, parted by "\r\n", the status line left out. */
	void (*head)(void *context, long status, const char *lines);
	/* Bytes of the answer: takes all of them, or (false) none of them for now. */
	bool (*body)(void *context, const char *bytes, size_t len);
	/* Fills in bytes of the request; returns how many, 0 at the end, or one of the two above. */
	long (*read)(void *context, char *to, size_t size);
	/* It is over: well (NULL), or ERR_NETWORK or ERR_CONFIG. http_stream_cancel() is still to be called. */
	void (*end)(void *context, const struct err *err);
};

/* NULL: *err. The texts are copied. */
struct http_stream *http_stream_start(
    struct http_streams *streams, const struct http_stream_request *request, struct err *err);

/* What paused may go on: there is something to read, or room for the body. */
void http_stream_continue(struct http_stream *stream, bool reading, bool writing);

/* Ends it, at once if it is under way, and frees it. NULL is fine. */
void http_stream_cancel(struct http_stream *stream);

#endif
