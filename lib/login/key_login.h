/*
 * key_login: logging in with an API key.
 *
 * A key is tried with its platform's model list before it is kept, as api_key of
 * the platform's provider in config.toml, where kimi-cli looks for it.
 */
#ifndef KIMI_LOGIN_KEY_LOGIN_H
#define KIMI_LOGIN_KEY_LOGIN_H

#include "account/account.h"
#include "api/models.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

/* Tries the key at the platform of `who`, which is located in the home. -1 ERR_REJECTED: the platform does not take it, and *err says what it may be. */
int key_login_try(const struct home *home, const struct identity *who, const char *api_key,
    struct models *ret_models, struct err *err);

/*
 * Finds the platform that takes the key: one that looks like a key of Kimi Code
 * is tried there first, others there last. -1: none takes it, or one that might
 * did not answer.
 */
int key_login_find(const struct home *home, const char *api_key, struct identity *ret_who,
    struct models *ret_models, struct err *err);

/* Keeps it, with models and default model as for any login, and notes a new one in the history. */
int key_login_save(const struct home *home, const struct identity *who, const char *api_key,
    const struct models *models, struct err *err);

#endif
