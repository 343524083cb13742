/*
 * config: what a login owns in config.toml, in the dialect of the home's client (dialect.h).
 *
 * A login owns the platform's provider, the models of that provider, the
 * platform's services, default_model and the switch of thinking: those keys it sets
 * and takes away again. What a migration between clients left for it is rewritten at login. The user's own keys inside an owned table stay as long
 * as the table does. A table under the key of a model that does not name that
 * provider is the user's, and is left alone. What is written always loads in that client: every model's
 * provider exists, the default model exists, only capabilities it knows.
 * Tokens are never written here; an API key is, as api_key of its provider, where
 * kimi-cli looks for it.
 */
#ifndef KIMI_CONFIG_LOGIN_H
#define KIMI_CONFIG_LOGIN_H

#include "account/account.h"
#include "account/model.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

struct config_login {
	const struct identity *who;  /* located in the home */
	const char *storage;         /* "file" or "keyring": where the tokens lie; NULL for an API key */
	const char *api_key;         /* NULL for an OAuth login */
	const struct models *models; /* NULL: not known, the models stay as they are */
};

/*
 * Writes a login. The first model becomes the default, with thinking if it can,
 * unless the platform was there before and the default is a model that exists:
 * then the user chose it.
 */
int config_add_login(const struct home *home, const struct config_login *login, struct err *err);

/* Takes away what config_add_login() wrote. *ret_changed: there was something. */
int config_remove_login(
    const struct home *home, const struct platform *platform, bool *ret_changed, struct err *err);

/* Brings the platform's models up to the list; a default that went becomes the list's first. Needs its provider. */
int config_sync_models(const struct home *home, const struct platform *platform, const struct models *models,
    bool *ret_changed, struct err *err);

/* Makes a model of the config the default. `thinking`: -1 as it was; as kimi-cli, always on for a model that always
 * thinks and off for one that cannot. */
int config_use_model(const struct home *home, const char *key, int thinking, struct err *err);

/* Notes where the tokens of the login `key` lie now; nothing if the config does not have the login, as an account's. */
int config_set_storage(const struct home *home, const char *key, const char *storage, struct err *err);

#endif
