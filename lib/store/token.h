/*
 * token: one OAuth login, and when it must be refreshed.
 *
 * The JSON is kimi-cli's: access_token, refresh_token, expires_at, scope, token_type,
 * expires_in. The struct owns its strings; token_clear() wipes them. Times are in
 * seconds: expires_at since the epoch, with a fraction (INFINITY: never expires, see
 * record.h), expires_in the lifetime of the access token (0: unknown).
 *
 * Only this module decides whether a token is still valid and whether it is due.
 */
#ifndef KIMI_STORE_TOKEN_H
#define KIMI_STORE_TOKEN_H

#include "base/reason.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct token {
	char *access_token;  /* "" in a tombstone */
	char *refresh_token; /* "" if the login cannot be refreshed */
	char *scope;
	char *token_type;
	double expires_at;
	double expires_in;
};

#define TOKEN_INIT                                                                                           \
	{                                                                                                    \
		0                                                                                            \
	}

void token_clear(struct token *token);

/*
 * Reads a stored login; the caller clears *ret_token. -1: it is damaged, and *ret_reason
 * (may be NULL) says how. A record without any token is not damaged but a tombstone,
 * see token_is_tombstone().
 */
int token_read(const char *bytes, size_t len, struct token *ret_token, struct reason *ret_reason);

/*
 * Reads a token response (RFC 6749 section 5.1) received at `now`; the caller clears
 * *ret_token. -1, with *ret_reason (may be NULL): it lacks an access token, a refresh
 * token or a positive expires_in, so it must not replace a stored login. A lifetime is
 * cut to 100 years.
 */
int token_from_response(
    const json_t *response, double now, struct token *ret_token, struct reason *ret_reason);

/*
 * Copies the four strings of a stored login or a response. A missing string becomes "",
 * a missing token_type "Bearer". -1: *ret_reason (may be NULL) names the token that
 * cannot be sent. The caller clears the token in both cases.
 */
int token_copy_texts(const json_t *object, struct token *token, struct reason *ret_reason);

/* The stored form, on one line; the caller wipes and frees it. NULL: out of memory. */
char *token_print(const struct token *token);

/* The record that a client leaves after a logout or a rejection: no tokens, expires_at 0. */
bool token_is_tombstone(const struct token *token);

/*
 * Seconds until the access token expires; 0 or less if it has expired. A token that
 * seems to have more time left than its lifetime was issued before the clock was set
 * back. Nobody knows whether it is still valid, so it gets a few seconds.
 */
double token_left(const struct token *token, double now);

/*
 * The seconds that must be left so that `kimi token` prints the token without a
 * refresh: `min_valid` (negative: 300). It is half the lifetime instead if the lifetime
 * is not longer than `min_valid`, or less than twice the default, because the token
 * would otherwise be refreshed at every call.
 */
double token_wanted_left(const struct token *token, double min_valid);

/*
 * The background rule: due when less than half the lifetime is left (300 s if the
 * lifetime is unknown).
 */
bool token_is_due(const struct token *token, double now);

#endif
