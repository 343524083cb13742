/*
 * token_cache: the access token of a keyring login, cached for a minute.
 *
 * Reading the keyring starts several processes, which is slow for a shell prompt or a
 * loop of curl. $XDG_RUNTIME_DIR/kimi/NAME (mode 0600 in a directory with mode 0700,
 * removed at logout and reboot) holds the access token only, never the refresh token. It
 * is valid for a minute, for the same host, while no keyring of the user has changed. It
 * is removed when this toolkit saves, moves or removes the login. It is not used with
 * $KIMI_NO_CACHE, $KIMI_DISABLE_KEYRING or $KIMI_CREDENTIAL_HELPER.
 *
 * `key` is the item of store_item(), `host` the URL of the OAuth host.
 */
#ifndef KIMI_STORE_TOKEN_CACHE_H
#define KIMI_STORE_TOKEN_CACHE_H

#include "store/token.h"

#include <stdbool.h>

/*
 * True: *ret_token is the cached access token, with an empty refresh token; the caller
 * clears it.
 */
bool token_cache_load(const char *key, const char *host, struct token *ret_token);

/* Errors are ignored. */
void token_cache_save(const char *key, const char *host, const struct token *token);

/* Removes the cached token and temporary files of killed processes. True: something was removed. */
bool token_cache_drop(const char *key);

#endif
