/*
 * token_view: a token as `kimi token` prints it.
 */
#ifndef KIMI_UI_TOKEN_VIEW_H
#define KIMI_UI_TOKEN_VIEW_H

#include "base/err.h"
#include "store/token.h"

#include <stdbool.h>

/* An access token or an API key. All borrowed. */
struct token_view {
	const char *platform;      /* its id */
	const char *secret;        /* the access token or the API key */
	const struct token *token; /* NULL: an API key, which does not expire */
	bool satisfied;            /* the token is valid for as long as it was asked for */
};

/* Prints one object: platform, access_token, token_type, expires_at, expires_in. */
void token_view_show_json(const struct token_view *view);

/* Prints the secret, after `prefix`, in one line. -1: it cannot be written, or no memory. */
int token_view_show_line(const struct token_view *view, const char *prefix, struct err *err);

#endif
