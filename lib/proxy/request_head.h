/*
 * request_head: the head of a client's request, as libmicrohttpd has it.
 */
#ifndef KIMI_PROXY_REQUEST_HEAD_H
#define KIMI_PROXY_REQUEST_HEAD_H

#include "proxy/fields.h"

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;

struct request_head {
	const char *method, *target; /* as they came */
	const struct field *fields;
	size_t count;   /* of the fields; FIELDS_MAX: there may be more */
	bool is_folded; /* a header has several lines (RFC 9112 section 5.2) */
	size_t size;    /* bytes of the connection's memory that it takes */
};

/* Reads it. The fields are put into the caller's array; all texts belong to libmicrohttpd. */
struct request_head request_head_read(struct MHD_Connection *connection, const char *method,
    const char *target, struct field fields[FIELDS_MAX]);

#endif
