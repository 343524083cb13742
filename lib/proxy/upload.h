/*
 * upload: the body of a request on its way from the client to the server.
 *
 * A buffer of fixed size holds what the client has sent and the server has not taken;
 * no more is accepted than fits. A body of at most UPLOAD_KEPT bytes is also kept
 * whole, so that it can be sent once more (upload_rewind()).
 */
#ifndef KIMI_PROXY_UPLOAD_H
#define KIMI_PROXY_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

enum { UPLOAD_WINDOW = 64 * 1024, UPLOAD_KEPT = 1024 * 1024 };

struct upload {
	char *data;  /* owned; wiped when it is freed */
	size_t sent; /* bytes of `data` that were taken */
	size_t len;  /* bytes in `data` */
	size_t cap;
	unsigned long long total; /* bytes that were put so far */
	size_t expected;          /* length of the whole body; 0: unknown */
	bool ended;               /* the client has sent all of it */
	bool forgetful;           /* bytes that were sent are not kept */
	bool held;                /* until it is rewound or forgotten, see upload_hold() */
};

void upload_release(struct upload *upload);

/* Returns how many bytes upload_put() would take now. */
size_t upload_space(const struct upload *upload);

/* Stores up to `len` bytes; returns how many. */
size_t upload_put(struct upload *upload, const char *bytes, size_t len);

/* Moves up to `size` bytes to `to`; returns how many, 0 if none are there (or, once ended, left). */
size_t upload_take(struct upload *upload, char *to, size_t size);

/* Returns whether the whole body so far can be sent again. */
bool upload_is_kept(const struct upload *upload);

/*
 * Makes upload_put() accept all that can be kept, and more than that once: then the
 * body is not kept any more. For a server that takes nothing until the body is whole.
 */
void upload_hold(struct upload *upload);

/* Starts again at the first byte. Call it only while upload_is_kept(). */
void upload_rewind(struct upload *upload);

/* Stops keeping what was sent, and frees it. */
void upload_forget(struct upload *upload);

#endif
