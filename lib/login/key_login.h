/*
 * key_login: login with an API key.
 *
 * A key is tried by fetching the model list before it is saved in config.toml, as api_key of
 * the platform's provider, where the chat clients read it.
 */
#ifndef KIMI_LOGIN_KEY_LOGIN_H
#define KIMI_LOGIN_KEY_LOGIN_H

#include "account/account.h"
#include "api/models.h"
#include "base/err.h"
#include "home/home.h"

/*
 * Tries the key at the platform of `account`. -1 ERR_REJECTED:
 * the platform does not accept it, and the hint says which platform may.
 */
int key_login_try(
    const struct account *account, const char *api_key, struct models *ret_models, struct err *err);

/*
 * Finds the platform that accepts the key, trying platforms with a matching key prefix
 * first. -1: no platform accepts it, or one that might could not be reached.
 */
int key_login_find(const struct home *home, const char *api_key, struct account *ret_who,
    struct models *ret_models, struct err *err);

/* Saves the key, the models and the default model, and adds a new login to the history. */
int key_login_save(
    const struct account *account, const char *api_key, const struct models *models, struct err *err);

#endif
