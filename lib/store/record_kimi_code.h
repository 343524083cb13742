/*
 * record_kimi_code: a stored login as kimi-code writes and reads it.
 *
 * The members are those of token.h, in the same order, pretty-printed with two
 * blanks, times in whole seconds, and a newline at the end. What kimi-code makes
 * of a file decides what is a login in its home, so the rules for reading are
 * its own: it ignores damage without a word, and an access token without an
 * expires_at is never refreshed.
 */
#ifndef KIMI_STORE_RECORD_KIMI_CODE_H
#define KIMI_STORE_RECORD_KIMI_CODE_H

#include "store/token.h"

#include <stddef.h>

enum record_kind {
	RECORD_MISSING, /* kimi-code takes it for no login: "log in" */
	RECORD_REVOKED, /* an object without an access token, as a rejection leaves it: "log in again" */
	RECORD_VALID,
};

/*
 * Reads the bytes of a file that is there. *ret_token is set if it is valid, and
 * the caller clears it; its expires_at is INFINITY if it is never due. If it is
 * missing, `ret_why` says what is wrong with the file, without quoting it. Tokens
 * that cannot be sent (not printable ASCII, not a text) count as missing, too,
 * although kimi-code would try.
 */
enum record_kind record_kimi_code_read(
    const char *bytes, size_t len, struct token *ret_token, char *ret_why, size_t size);

/* The bytes of the file; the caller wipes and frees them. NULL: no memory. */
char *record_kimi_code_print(const struct token *token);

#endif
