/*
 * record_kimi_code: a stored login as kimi-code writes and reads it.
 *
 * The members are those of token.h in the same order, indented by two spaces, with
 * times in whole seconds and a newline at the end. Files are read by kimi-code's own
 * rules, so that both programs agree on whether there is a login: a damaged file counts
 * as no login, and an access token without an expires_at is never refreshed.
 */
#ifndef KIMI_STORE_RECORD_KIMI_CODE_H
#define KIMI_STORE_RECORD_KIMI_CODE_H

#include "store/token.h"

#include <stddef.h>

enum record_kind {
	RECORD_MISSING, /* no login: kimi-code says "log in" */
	RECORD_REVOKED, /* an object without an access token, left by a rejection: "log in again" */
	RECORD_VALID,
};

/*
 * Reads the bytes of an existing file. RECORD_VALID: the caller clears *ret_token; its
 * expires_at is INFINITY if it never expires. RECORD_MISSING: *ret_reason (may be NULL)
 * says what is wrong with the file, without quoting it. A token that is not a string of
 * printable ASCII cannot be sent, so it counts as missing, although kimi-code tries.
 */
enum record_kind record_kimi_code_read(
    const char *bytes, size_t len, struct token *ret_token, struct reason *ret_reason);

/* The bytes of the file; the caller wipes and frees them. NULL: out of memory. */
char *record_kimi_code_print(const struct token *token);

#endif
