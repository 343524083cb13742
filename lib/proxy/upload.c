#include "proxy/upload.h"

#include "base/buf.h"

#include <string.h>
#include <sys/param.h>

enum { FIRST = 4096 }; /* bytes of the first block */

void upload_release(struct upload *upload)
{
	wipe_free(upload->data);
	upload->data = NULL;
	upload->cap = upload->len = upload->sent = 0;
}

size_t upload_space(const struct upload *upload)
{
	size_t waiting = upload->len - upload->sent, most = UPLOAD_WINDOW;

	if (upload->held)
		most = UPLOAD_KEPT + 1;
	if (waiting < most)
		return most - waiting;
	return 0;
}

/* Doubles `cap` until it is enough for `needed` bytes, and makes it the size of the memory. */
static void upload_resize(struct upload *upload, size_t cap, size_t needed)
{
	if (needed <= upload->expected && upload->expected <= UPLOAD_KEPT)
		needed = upload->expected;
	while (cap < needed)
		cap *= 2;
	if (cap == upload->cap)
		return;
	upload->data = wipe_resize(upload->data, cap);
	upload->cap = cap;
}

/* What was sent gives way. */
static void upload_slide(struct upload *upload)
{
	if (!upload->sent)
		return;
	memmove(upload->data, upload->data + upload->sent, upload->len - upload->sent);
	upload->len -= upload->sent;
	upload->sent = 0;
}

void upload_forget(struct upload *upload)
{
	upload->forgetful = true;
	upload->held = false;
	if (upload->sent == upload->len) {
		upload_release(upload);
	} else if (upload->cap > 2 * UPLOAD_WINDOW) {
		upload_slide(upload);
		upload_resize(upload, FIRST, upload->len);
	}
}

size_t upload_put(struct upload *upload, const char *bytes, size_t len)
{
	len = MIN(len, upload_space(upload));
	if (!len)
		return 0;
	if (!upload->forgetful && upload->len + len > UPLOAD_KEPT)
		upload_forget(upload);
	if (upload->forgetful && (upload->sent == upload->len || upload->len + len > 2 * UPLOAD_WINDOW))
		upload_slide(upload);
	upload_resize(upload, upload->cap ? upload->cap : FIRST, upload->len + len);
	memcpy(upload->data + upload->len, bytes, len);
	upload->len += len;
	upload->total += len;
	return len;
}

size_t upload_take(struct upload *upload, char *to, size_t size)
{
	size = MIN(size, upload->len - upload->sent);
	if (size)
		memcpy(to, upload->data + upload->sent, size);
	upload->sent += size;
	return size;
}

bool upload_is_kept(const struct upload *upload)
{
	return !upload->forgetful && upload->len == upload->total;
}

void upload_hold(struct upload *upload)
{
	upload->held = true;
}

void upload_rewind(struct upload *upload)
{
	upload->sent = 0;
	upload->held = false;
}
