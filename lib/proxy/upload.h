/*
 * upload: the body of a request on its way from the client to the server.
 *
 * A fixed window: what the client sends waits here until it is sent on, and no more
 * is taken than has room. So long as the whole body is at most UPLOAD_KEPT bytes it
 * is kept as well, to be sent once more (upload_rewind()).
 */
#ifndef KIMI_PROXY_UPLOAD_H
#define KIMI_PROXY_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

enum { UPLOAD_WINDOW = 64 * 1024, UPLOAD_KEPT = 1024 * 1024 };

struct upload {
	char *data;  /* owned; wiped when it is freed */
	size_t sent; /* bytes of `data` that were taken out */
	size_t len;  /* bytes in `data` */
	size_t cap;
	unsigned long long total; /* bytes that came so far */
	size_t expected;          /* of the whole body, if it is known; 0: it is not */
	bool ended;               /* the client has sent all of it */
	bool forgetful;           /* what was sent is not kept */
};

void upload_release(struct upload *upload);

/* How many more bytes it can take now. */
size_t upload_room(const struct upload *upload);

/* Takes up to `len` bytes; returns how many. */
size_t upload_put(struct upload *upload, const char *bytes, size_t len);

/* Moves up to `size` bytes out; returns how many. 0: there are none now, or (ended) no more. */
size_t upload_take(struct upload *upload, char *to, size_t size);

/* Everything that came is there still. */
bool upload_is_kept(const struct upload *upload);

/* To the first byte; only while it is kept. */
void upload_rewind(struct upload *upload);

/* From here on nothing is kept; frees what is not needed. */
void upload_forget(struct upload *upload);

#endif
