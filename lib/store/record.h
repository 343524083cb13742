/*
 * record: the file format of a stored login, which depends on the home's client.
 */
#ifndef KIMI_STORE_RECORD_H
#define KIMI_STORE_RECORD_H

#include "home/client.h"
#include "store/token.h"

#include <stdbool.h>
#include <stddef.h>

struct record_format {
	/*
	 * The caller clears *ret_token, which is a tombstone if the login was revoked. -1: the
	 * bytes are not a login, and *ret_reason (may be NULL) says why.
	 */
	int (*read)(const char *bytes, size_t len, struct token *ret_token, struct reason *ret_reason);
	/* The caller wipes and frees the text. NULL: out of memory. */
	char *(*print)(const struct token *token);
	bool whole_seconds; /* expires_at has no fraction */
};

const struct record_format *record_format_of(const struct client *client);

#endif
