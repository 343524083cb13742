#include "proxy/response_down.h"

#include "base/memory.h"
#include "proxy/fields.h"
#include "proxy/own_response.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

enum {
	WINDOW = 128 * 1024,
	FIRST = 512,      /* an event of a stream, usually */
	LOW = 64 * 1024,  /* free space that is worth resuming the server for */
	BLOCK = 64 * 1024 /* libmicrohttpd's buffer, where the length is known */
};

void response_down_release(struct response_down *down)
{
	response_down_clear(down);
	free(down->data);
	free(down->failure);
}

void response_down_clear(struct response_down *down)
{
	if (down->mhd)
		MHD_destroy_response(down->mhd);
	down->mhd = NULL;
	free(down->head);
	down->head = NULL;
	down->len = down->start = down->whole = 0;
	down->ended = down->broken = false;
}

void response_down_head(struct response_down *down, int status, const char *lines)
{
	down->status = status;
	down->head = memory_copy(lines);
}

/* Most responses are short, so the buffer starts small. */
static void response_down_make_space(struct response_down *down, size_t len)
{
	size_t cap = down->cap ? down->cap : FIRST, needed = down->len + len;

	if (down->start + needed <= down->cap)
		return;
	while (cap < needed)
		cap *= 2;
	if (down->start)
		memmove(down->data, down->data + down->start, down->len);
	down->start = 0;
	if (cap != down->cap)
		down->data = memory_resize(down->data, cap);
	down->cap = cap;
}

bool response_down_put(struct response_down *down, const char *bytes, size_t len)
{
	if (down->len + len > WINDOW)
		return false;
	if (!len)
		return true;
	response_down_make_space(down, len);
	memcpy(down->data + down->start + down->len, bytes, len);
	down->len += len;
	return true;
}

void response_down_end(struct response_down *down, const struct err *err)
{
	down->ended = true;
	if (!err)
		return;
	down->broken = true;
	free(down->failure);
	down->failure = own_response_message(err);
}

size_t response_down_take(struct response_down *down, char *to, size_t size)
{
	size_t n = MIN(down->len, size);

	if (!n)
		return 0;
	memcpy(to, down->data + down->start, n);
	down->start += n;
	down->len -= n;
	down->total += n;
	if (!down->len)
		down->start = 0;
	return n;
}

bool response_down_has_space(const struct response_down *down)
{
	return WINDOW - down->len >= LOW;
}

static uint64_t response_down_length(const struct field *fields, size_t count)
{
	const char *text = fields_find(fields, count, "Content-Length");
	char *end;

	if (!text || fields_find(fields, count, "Transfer-Encoding") || *text < '0' || *text > '9')
		return MHD_SIZE_UNKNOWN;
	unsigned long long len = strtoull(text, &end, 10);
	if (*end || len >= MHD_SIZE_UNKNOWN)
		return MHD_SIZE_UNKNOWN;
	return len;
}

/* A short response has arrived completely by now and goes out in one piece. */
static struct MHD_Response *response_down_new_response(
    struct response_down *down, uint64_t len, MHD_ContentReaderCallback read, void *context)
{
	if (len == down->len) {
		down->whole = down->len;
		return MHD_create_response_from_buffer(
		    down->len, down->data + down->start, MHD_RESPMEM_MUST_COPY);
	}
	/* Chunks are made in the connection's own memory. */
	return MHD_create_response_from_callback(
	    len, len == MHD_SIZE_UNKNOWN ? 1 : BLOCK, read, context, NULL);
}

/* libmicrohttpd takes no empty value, but a space, which is one on the wire. */
static void response_down_add(struct response_down *down, const struct field *field)
{
	const char *value = field->value;

	if (!*value)
		value = " ";
	MHD_add_response_header(down->mhd, field->name, value);
}

bool response_down_head_fits(const struct response_down *down, size_t max)
{
	size_t lines = 0;

	for (const char *at = down->head; (at = strchr(at, '\n')); at++)
		lines++;
	return lines < FIELDS_MAX && strlen(down->head) <= max;
}

bool response_down_respond(struct response_down *down, MHD_ContentReaderCallback read, void *context)
{
	struct field fields[FIELDS_MAX];
	size_t count = fields_parse(down->head, fields);
	uint64_t len = response_down_length(fields, count);

	down->mhd = response_down_new_response(down, len, read, context);
	if (!down->mhd)
		return false;
	/* libmicrohttpd would send the last chunk also where there is no body. */
	if (len == MHD_SIZE_UNKNOWN && (down->is_head || down->status == MHD_HTTP_NOT_MODIFIED))
		MHD_set_response_options(down->mhd, MHD_RF_HTTP_VERSION_1_0_ONLY, MHD_RO_END);
	for (size_t i = 0; i < count; i++)
		if (fields_pass_down(fields, count, i))
			response_down_add(down, &fields[i]);
	/* A stream may last for hours. */
	free(down->head);
	down->head = NULL;
	return true;
}

bool response_down_refuse(
    struct response_down *down, const char *target, int status, const char *type, const char *message)
{
	down->status = status;
	down->mhd = own_response_new(target, status, type, message, &down->whole);
	if (down->is_head)
		down->whole = 0;
	return down->mhd;
}
