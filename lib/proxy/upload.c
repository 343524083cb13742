#include "proxy/upload.h"

#include "base/buf.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void upload_free(struct upload *upload)
{
	if (upload->data)
		wipe(upload->data, upload->len);
	free(upload->data);
	upload->data = NULL;
	upload->cap = upload->len = upload->sent = 0;
}

void upload_release(struct upload *upload)
{
	upload_free(upload);
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

static void upload_grow(struct upload *upload, size_t needed)
{
	size_t cap = upload->cap ? upload->cap : 4096;

	if (needed <= upload->expected && upload->expected <= UPLOAD_KEPT)
		needed = upload->expected;
	while (cap < needed)
		cap *= 2;
	if (cap == upload->cap)
		return;
	char *data = memory_take(cap);
	if (upload->len)
		memcpy(data, upload->data, upload->len);
	if (upload->data)
		wipe(upload->data, upload->len);
	free(upload->data);
	upload->data = data;
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
		upload_free(upload);
	} else if (upload->cap > 2 * UPLOAD_WINDOW) {
		struct upload smaller = *upload;
		smaller.data = NULL;
		smaller.len = smaller.sent = smaller.cap = 0;
		upload_slide(upload);
		upload_grow(&smaller, upload->len);
		memcpy(smaller.data, upload->data, upload->len);
		smaller.len = upload->len;
		upload_free(upload);
		*upload = smaller;
	}
}

size_t upload_put(struct upload *upload, const char *bytes, size_t len)
{
	size_t space = upload_space(upload);

	if (len > space)
		len = space;
	if (!len)
		return 0;
	if (!upload->forgetful && upload->len + len > UPLOAD_KEPT)
		upload_forget(upload);
	if (upload->forgetful && (upload->sent == upload->len || upload->len + len > 2 * UPLOAD_WINDOW))
		upload_slide(upload);
	upload_grow(upload, upload->len + len);
	memcpy(upload->data + upload->len, bytes, len);
	upload->len += len;
	upload->total += len;
	return len;
}

size_t upload_take(struct upload *upload, char *to, size_t size)
{
	size_t waiting = upload->len - upload->sent;

	if (size > waiting)
		size = waiting;
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
