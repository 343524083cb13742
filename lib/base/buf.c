#include "base/buf.h"

#include "base/memory.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

static char empty[1]; /* `data` of an empty buffer; never written */

void wipe(void *bytes, size_t len)
{
	if (len)
		explicit_bzero(bytes, len);
}

__attribute__((noinline)) void wipe_stack(void)
{
	char used[64 * 1024];

	wipe(used, sizeof(used));
	for (volatile size_t len = 64; len < sizeof(used) / 2;
	     len *= 2) /* memcpy() uses other registers for each size */
		memcpy(used, used + sizeof(used) / 2, len - 1);
	wipe(used, sizeof(used));
}

void wipe_str(char *s)
{
	if (s)
		wipe(s, strlen(s));
	free(s);
}

void wipe_free(void *memory)
{
	if (memory)
		wipe(memory, malloc_usable_size(memory));
	free(memory);
}

void *wipe_realloc(void *memory, size_t len)
{
	size_t had = memory ? malloc_usable_size(memory) : 0;

	if (memory && len <= had && len > had / 2)
		return memory;
	void *moved = malloc(len);
	if (moved && memory) {
		memcpy(moved, memory, MIN(had, len));
		wipe_free(memory);
	}
	return moved;
}

void *wipe_resize(void *memory, size_t len)
{
	void *moved = wipe_realloc(memory, len);

	if (!moved)
		memory_end();
	return moved;
}

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.data = empty, .max = max};
}

void buf_init_secret(struct buf *b, size_t max)
{
	buf_init(b, max);
	b->secret = true;
}

void buf_release(struct buf *b)
{
	if (b->cap) {
		if (b->secret)
			wipe(b->data, b->cap);
		free(b->data);
	}
	*b = (struct buf){.data = empty, .max = b->max, .secret = b->secret};
}

void buf_clear(struct buf *b)
{
	buf_truncate(b, 0);
	b->failed = false;
}

/* realloc() could leave a secret behind in the old block. */
static char *buf_grown(const struct buf *b, size_t cap)
{
	char *before = b->cap ? b->data : NULL;

	if (b->secret)
		return wipe_resize(before, cap);
	return memory_resize(before, cap);
}

bool buf_reserve(struct buf *b, size_t extra)
{
	if (b->failed)
		return false;
	if (extra > b->max || b->len > b->max - extra) {
		b->failed = true;
		return false;
	}
	size_t need = b->len + extra + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap = cap > b->max / 2 ? b->max + 1 : cap * 2;
	b->data = buf_grown(b, cap);
	b->data[b->len] = '\0'; /* the first block is uninitialised */
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!len || !buf_reserve(b, len))
		return;
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_addstr(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		b->failed = true;
	if (len <= 0 || !buf_reserve(b, (size_t)len))
		return;
	va_start(args, format);
	vsnprintf(b->data + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	if (b->secret)
		wipe(b->data + len, b->len - len);
	b->len = len;
	b->data[len] = '\0';
}

char *buf_detach(struct buf *b)
{
	if (b->failed || !buf_reserve(b, 0)) {
		buf_release(b);
		return NULL;
	}
	char *data = b->data;
	data[b->len] = '\0';
	*b = (struct buf){.data = empty, .max = b->max, .secret = b->secret};
	return data;
}
