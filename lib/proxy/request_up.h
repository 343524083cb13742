/*
 * request_up: the request as it is sent to the server.
 *
 *	request_up_take(&up, fields, count);
 *	stream = request_up_send(&up, streams, &callbacks, target, secret, base_url, err);
 *	request_up_release(&up);
 */
#ifndef KIMI_PROXY_REQUEST_UP_H
#define KIMI_PROXY_REQUEST_UP_H

#include "base/err.h"
#include "http/stream.h"
#include "proxy/fields.h"

#include <stddef.h>

struct request_up {
	char **headers; /* "Name: value", ended by NULL; owned */
};

/* Returns the length of the body as http/stream.h has it. The request must be well-formed (guard.h). */
long long request_up_body_len(const struct field *fields, size_t count);

/* Copies the headers to pass on, since libmicrohttpd frees them. */
void request_up_take(struct request_up *up, const struct field *fields, size_t count);

/*
 * Sends the request to base_url with the secret. `request` has the method, the body length and the
 * callbacks. It may be called again to send the request once more. Returns NULL with *err on failure.
 */
struct http_stream *request_up_send(const struct request_up *up, struct http_streams *streams,
    struct http_stream_request request, const char *target, const char *secret, const char *base_url,
    struct err *err);

void request_up_release(struct request_up *up);

#endif
