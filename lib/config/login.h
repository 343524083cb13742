/*
 * login: what a login owns in config.toml, in the dialect of the home's client (dialect.h).
 *
 * A login owns the platform's provider, the models of that provider, the platform's
 * services, default_model and the thinking switch. It sets these keys and removes them
 * again. Keys left by a migration between clients are rewritten at login. The user's own
 * keys inside an owned table stay as long as the table does. A model table of another
 * provider belongs to the user and is not changed. The client can always load what is
 * written: the provider of each model exists, the default model exists, and only known
 * capabilities are used.
 *
 * Tokens are never written here. An API key is, as api_key of its provider.
 */
#ifndef KIMI_CONFIG_LOGIN_H
#define KIMI_CONFIG_LOGIN_H

#include "account/account.h"
#include "account/model.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

struct config_login {
	const struct account *who;   /* located in its home */
	const char *storage;         /* of the tokens, "file" or "keyring"; NULL for an API key */
	const char *api_key;         /* NULL for an OAuth login */
	const struct models *models; /* NULL: unknown, so the models stay as they are */
};

/*
 * Writes a login. The first model becomes the default, with thinking if it supports that,
 * unless the config already had the platform and a default model that exists: then the
 * user has chosen it.
 */
int config_add_login(const struct config_login *login, struct err *err);

/* Removes what config_add_login() wrote for that platform. *ret_changed: the config has changed. */
int config_remove_login(const struct account *who, bool *ret_changed, struct err *err);

struct config_sync {
	const struct platform *platform;
	const struct models *models;
};

/*
 * Updates the platform's models to the list. If the default model was removed, the first
 * model of the list becomes the default. -1 also if the config has no provider of the
 * platform. *ret_changed: the config has changed.
 */
int config_sync_models(
    const struct home *home, const struct config_sync *sync, bool *ret_changed, struct err *err);

/*
 * Makes a model of the config the default. `thinking`: 1 on, 0 off, -1 unchanged. As in
 * kimi-cli, it is always on for a model that always thinks and off for one that cannot.
 * *ret_on (may be NULL): whether it is on.
 */
int config_use_model(const struct home *home, const char *key, int thinking, bool *ret_on, struct err *err);

/*
 * Updates the storage of the tokens of a login. 0 also if the config does not have that
 * login.
 */
int config_set_storage(const struct account *who, const char *storage, struct err *err);

#endif
