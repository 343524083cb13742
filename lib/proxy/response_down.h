/*
 * response_down: a response on its way to the client, from the server or the proxy.
 *
 * A response of the server arrives as a head, pieces of the body and an end. A buffer
 * of fixed size holds what the client has not taken yet. response_down_respond() hands
 * the response to libmicrohttpd, which takes the body as it arrives.
 */
#ifndef KIMI_PROXY_RESPONSE_DOWN_H
#define KIMI_PROXY_RESPONSE_DOWN_H

#include "base/err.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/* Empty when zeroed. */
struct response_down {
	bool is_head; /* the request is HEAD: no body is sent */
	int status;
	char *head;               /* the server's header lines, until `mhd` is made; owned */
	struct MHD_Response *mhd; /* NULL until the response is made; owned */
	char *data;               /* the bytes that the client has not taken; owned */
	size_t start, len, cap;
	size_t whole;             /* body bytes that `mhd` itself holds */
	unsigned long long total; /* body bytes that the client took */
	bool ended, broken;       /* the server sent all of it; it stopped too soon */
	char *failure;            /* why it stopped; owned */
};

void response_down_release(struct response_down *down);

/* Discards the response, before the request is sent again. */
void response_down_clear(struct response_down *down);

void response_down_head(struct response_down *down, int status, const char *lines);

/* Stores all bytes. Returns false, and stores none, if they do not all fit. */
bool response_down_put(struct response_down *down, const char *bytes, size_t len);

/* Marks the end of the server's response. err says why it came too soon; NULL: the response is complete. */
void response_down_end(struct response_down *down, const struct err *err);

/* Moves up to `size` bytes to `to`; returns how many. */
size_t response_down_take(struct response_down *down, char *to, size_t size);

/* Returns whether enough space is free to resume reading from the server. */
bool response_down_has_space(const struct response_down *down);

/* Returns whether the head has at most `max` bytes, and no more headers than can be passed on. */
bool response_down_head_fits(const struct response_down *down, size_t max);

/*
 * Makes the response from the head, which is freed. libmicrohttpd calls `read` for the body. Returns false
 * if there is no memory.
 */
bool response_down_respond(struct response_down *down, MHD_ContentReaderCallback read, void *context);

/* Makes a response of the proxy's own (own_response.h). Returns false if there is no memory. */
bool response_down_refuse(
    struct response_down *down, const char *target, int status, const char *type, const char *message);

#endif
