/*
 * record: the file format of a stored login, which depends on the home's client.
 *
 * kimi-cli's is that of token.h. kimi-code's has the same members in the same order,
 * indented by two spaces, with times in whole seconds and a newline at the end. Files are
 * read by kimi-code's own rules, so that both programs agree on whether there is a login: a
 * damaged file counts as no login, an object without an access token as one that was
 * revoked, and an access token without an expires_at never expires and is never refreshed.
 * A token that is not a string of printable ASCII cannot be sent, so its file counts as
 * damaged, although kimi-code tries.
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
	 * bytes are not a login, and *ret_reason (may be NULL) says why, without quoting them.
	 */
	int (*read)(const char *bytes, size_t len, struct token *ret_token, struct reason *ret_reason);
	/* The caller wipes and frees the text. NULL: it cannot be written, or is too long. */
	char *(*print)(const struct token *token);
	bool whole_seconds; /* expires_at has no fraction */
};

const struct record_format *record_format_of(const struct client *client);

#endif
