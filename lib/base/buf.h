/*
 * buf: a byte buffer that grows up to a fixed maximum.
 *
 * Initialise it once, fill it with buf_add*() and release it once. The bytes are followed
 * by a NUL that is not part of them, so `data` is always a C string ("" while empty).
 *
 * Failure is sticky: an addition beyond the maximum leaves the buffer as it was and sets
 * `failed`, and later additions do nothing. So check `failed` once, at the end. If there
 * is no memory, the program exits (memory.h).
 *
 * A secret buffer wipes its bytes when they move and when it is released.
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

/* Reserves space for `extra` more bytes. False, and `failed`: that exceeds the maximum. */
bool buf_reserve(struct buf *b, size_t extra);

/* Shortens to `len` bytes; does nothing if it has fewer. */
void buf_truncate(struct buf *b, size_t len);

/*
 * Hands the bytes to the caller, who frees them; NULL if the buffer failed. The buffer is
 * empty then.
 */
char *buf_detach(struct buf *b);

/* Zeroes memory; the compiler does not optimize it away. */
void wipe(void *bytes, size_t len);

/*
 * Overwrites what functions left below the caller's frame on the stack, and in the wide registers that
 * memcpy() uses: the dynamic linker saves these on the stack when a function is called for the first time.
 */
void wipe_stack(void);

/* Wipes and frees a C string; NULL is fine. */
void wipe_str(char *s);

/*
 * free() and realloc() that wipe the block they free; wipe_resize() exits if there is no
 * memory (memory.h).
 */
void wipe_free(void *memory);
void *wipe_realloc(void *memory, size_t len);
void *wipe_resize(void *memory, size_t len);

#endif
