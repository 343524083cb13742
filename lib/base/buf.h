/*
 * buf: bytes that grow, up to a maximum that is set at birth.
 *
 * A buffer is initialised once, filled by any number of buf_add*() calls, and
 * released once. Its bytes are always followed by a NUL that does not count,
 * so `data` can be used as a C string (it is "" while nothing was added).
 *
 * Failure is sticky: an addition that would pass the maximum leaves the buffer as
 * it was and sets `failed`, and so does nothing after it. Add freely, look at
 * `failed` once. Without memory the program ends (memory.h).
 *
 * A secret buffer wipes its bytes whenever they move and when it is released,
 * so that no call site can forget to.
 */
#ifndef KIMI_BASE_BUF_H
#define KIMI_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* owned; never NULL after buf_init() */
	size_t len; /* bytes, without the final NUL */
	size_t cap;
	size_t max; /* most bytes it may ever hold */
	bool secret;
	bool failed;
};

/* Starts an empty buffer of at most `max` bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
void buf_init_secret(struct buf *b, size_t max);

/* Frees (and wipes, if secret) the bytes; the buffer is empty and usable again. */
void buf_release(struct buf *b);

/* Forgets (and wipes, if secret) the bytes and the failure, keeps the memory. */
void buf_clear(struct buf *b);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_addstr(struct buf *b, const char *s);
void buf_addch(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for `extra` more bytes; false (and `failed`) if that cannot be. */
bool buf_reserve(struct buf *b, size_t extra);

/* Shortens to `len` bytes; longer than it is changes nothing. */
void buf_truncate(struct buf *b, size_t len);

/* Hands the bytes to the caller, who frees them; NULL if the buffer failed. The buffer is empty then. */
char *buf_detach(struct buf *b);

/* Zeroes memory in a way the compiler keeps. */
void wipe(void *bytes, size_t len);

/* Wipes and frees a C string; NULL is fine. */
void wipe_str(char *s);

/* free() and realloc() that wipe the whole block they give back: for libraries that let one choose. */
void wipe_free(void *memory);
void *wipe_realloc(void *memory, size_t len);

#endif
