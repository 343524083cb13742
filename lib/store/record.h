/*
 * record: the bytes of a stored login, as the client of the home writes them.
 */
#ifndef KIMI_STORE_RECORD_H
#define KIMI_STORE_RECORD_H

#include "home/client.h"
#include "store/token.h"

#include <stdbool.h>
#include <stddef.h>

struct record_format {
	/* *ret_token is the caller's to clear; a revoked login is a tombstone. -1: it is no login, and `ret_why` says why. */
	int (*read)(const char *bytes, size_t len, struct token *ret_token, char *ret_why, size_t size);
	/* The caller wipes and frees it. NULL: no memory. */
	char *(*print)(const struct token *token);
	bool whole_seconds; /* expires_at has no fraction */
};

const struct record_format *record_format_of(const struct client *client);

#endif
