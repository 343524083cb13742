/*
 * api_key: the API keys that are used if there is no token.
 *
 * The order is kimi-cli's: the OAuth token, then the api_key of the platform in
 * config.toml, then KIMI_API_KEY.
 */
#ifndef KIMI_AUTH_API_KEY_H
#define KIMI_AUTH_API_KEY_H

#include "account/platform.h"
#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"

#include <stdbool.h>

/* The key can be sent: printable ASCII, 1 to 8192 bytes. */
int api_key_is_valid(const char *key);

/*
 * The configured key of a platform; the caller wipes and frees it. 0 found, 1 not found,
 * -1 ERR_CONFIG. `config` is the config of the home, if the caller has read it: it may be
 * large. NULL: it is read.
 */
int api_key_of_config(const struct home *home, const struct toml *config, const struct platform *platform,
    char **ret_key, struct err *err);

/* The config has a key of that platform (NULL: of any platform). */
bool api_key_is_stored(const struct home *home, const struct platform *only);

/* The key in KIMI_API_KEY, trimmed, likewise; 1 also if kimi exec has put a token there. */
int api_key_of_environment(char **ret_key, struct err *err);

/*
 * KIMI_API_KEY holds the access token that kimi exec has put there. KIMI_API_KEY_IS_TOKEN
 * has its fingerprint, so that a key that the user sets later still counts as a key.
 */
bool api_key_variable_is_token(void);

/* Sets KIMI_API_KEY_IS_TOKEN for this access token. -1: out of memory. */
int api_key_mark_token(const char *token, struct err *err);

#endif
