/*
 * token: one OAuth login, and when it must be refreshed.
 *
 * The JSON is the one kimi-cli keeps: access_token, refresh_token, expires_at,
 * scope, token_type, expires_in. Texts are owned by the struct; token_clear()
 * wipes them. Times are seconds: expires_at since the epoch, with a fraction
 * (INFINITY: never, see record_kimi_code.h), expires_in the whole life of the
 * access token (0: not known).
 *
 * Every question of "is it still good" is answered here and nowhere else.
 */
#ifndef KIMI_STORE_TOKEN_H
#define KIMI_STORE_TOKEN_H

#include "base/err.h"

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
 * Reads a stored login. -1: `ret_why` says what is wrong with it. A record with
 * no tokens at all is a tombstone, which is no damage: see token_is_tombstone().
 */
int token_read(const char *bytes, size_t len, struct token *ret_token, char *ret_why, size_t size);

/*
 * Reads a token answer (RFC 6749 section 5.1), got at `now`. Refused without an
 * access token, a refresh token and a positive expires_in: such an answer is
 * never saved over a good login. A life of more than a hundred years is a hundred.
 */
int token_from_answer(const json_t *answer, double now, struct token *ret_token, char *ret_why, size_t size);

/*
 * Copies the four texts of a stored login or an answer; what is absent is "", and
 * token_type "Bearer". -1: `ret_why` says which token cannot be sent; the caller
 * clears the token in any case.
 */
int token_copy_texts(const json_t *object, struct token *token, char *ret_why, size_t size);

/* The stored form on one line; the caller wipes and frees it. NULL: no memory. */
char *token_print(const struct token *token);

bool token_is_tombstone(const struct token *token);

/*
 * Seconds of life left; 0 or less once it is over. One with more than its whole
 * life before it was got before the clock was set back: it may live or not, so a
 * few seconds are left of it.
 */
double token_left(const struct token *token, double now);

/*
 * The life that must be left for `kimi token` to hand it out unrefreshed: what
 * the caller asks for (negative: the usual 300 s), but half the whole life for
 * a token that lives under twice that or not as long as is asked, which would else be
 * refreshed at every call.
 */
double token_wanted_left(const struct token *token, double min_valid);

/* The background rule: due when less is left than max(300 s, half its life), or half its life up to 600 s. */
bool token_is_due(const struct token *token, double now);

#endif
