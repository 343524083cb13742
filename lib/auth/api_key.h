/*
 * api_key: the keys that stand in where there are no tokens.
 *
 * A request's secret is resolved as kimi-cli does: the OAuth token first, then
 * the api_key configured for the platform, and last KIMI_API_KEY, so that a
 * pipeline runs unchanged where nothing is stored.
 */
#ifndef KIMI_AUTH_API_KEY_H
#define KIMI_AUTH_API_KEY_H

#include "account/platform.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

/* A key that can be sent: printable ASCII, not empty, not absurdly long. */
int api_key_is_valid(const char *key);

/* The configured key of a platform; the caller wipes and frees it. 0 found, 1 none, -1 ERR_CONFIG. */
int api_key_of_config(
    const struct home *home, const struct platform *platform, char **ret_key, struct err *err);

/* The config has a key of that platform, or of any (NULL). */
bool api_key_is_stored(const struct home *home, const struct platform *only);

/* The key in KIMI_API_KEY, trimmed as a typed one, likewise; 1 also if it is a token that kimi exec put there. */
int api_key_of_environment(char **ret_key, struct err *err);

/*
 * KIMI_API_KEY_IS_TOKEN has the fingerprint of the access token that kimi exec put
 * into KIMI_API_KEY: a key that the user sets in its place is still a key.
 */
bool api_key_variable_is_token(void);

/* Marks KIMI_API_KEY, which is about to hold this access token. -1: no memory. */
int api_key_mark_token(const char *token, struct err *err);

#endif
