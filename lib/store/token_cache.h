/*
 * cache: the access token of a keyring login, at hand for a minute.
 *
 * Asking the keyring costs several processes; a prompt or a loop of curl asks
 * for the token again and again. $XDG_RUNTIME_DIR/kimi/NAME (0600 in 0700, gone
 * at logout and reboot) holds the access token alone, never the refresh token.
 * It is believed for a minute, for the same host and while no keyring of the user
 * has changed, so that another login shows at once; emptied whenever this toolkit saves, moves or removes the login; and
 * never used with $KIMI_NO_CACHE, nor where no keyring, or another, is asked.
 */
#ifndef KIMI_STORE_TOKEN_CACHE_H
#define KIMI_STORE_TOKEN_CACHE_H

#include "store/token.h"

#include <stdbool.h>

/* True: *ret_token is the cached access token, with an empty refresh token; the caller clears it. */
bool cache_load(const char *key, const char *host, struct token *ret_token);

/* Failing to cache is no failure. */
void cache_save(const char *key, const char *host, const struct token *token);

/* What killed writers left of it goes, too; true if there was something. */
bool cache_drop(const char *key);

#endif
