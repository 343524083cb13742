#include "proxy/request_head.h"

#include "base/text.h"

#include <microhttpd.h>
#include <stdint.h>

/* Bytes that libmicrohttpd needs for a header beside its text. */
enum { FIELD_COST = 64 };

struct head_reader {
	struct request_head *head;
	struct field *fields;
};

static enum MHD_Result head_take_field(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const struct head_reader *reader = context;
	struct request_head *head = reader->head;

	(void)kind;
	if (head->count == FIELDS_MAX)
		return MHD_NO;
	/*
	 * Before 1.0, libmicrohttpd adds the later lines of a header to its name. It does so in a copy,
	 * which is in memory behind the value.
	 */
	if (value && (uintptr_t)name > (uintptr_t)value)
		head->is_folded = true;
	reader->fields[head->count++] = (struct field){name, text_or_empty(value)};
	return MHD_YES;
}

struct request_head request_head_read(struct MHD_Connection *connection, const char *method,
    const char *target, struct field fields[FIELDS_MAX])
{
	struct request_head head = {.method = method, .target = target, .fields = fields};
	struct head_reader reader = {&head, fields};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, head_take_field, &reader);
	head.size =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size +
	    head.count * FIELD_COST;
	return head;
}
