/*
 * config: what a login owns in config.toml.
 *
 * A login owns the provider managed:PLATFORM, the models of that provider, the
 * platform's services, default_model and default_thinking: those keys it sets
 * and takes away again. The user's own keys inside an owned table stay as long
 * as the table does. What is written always loads in kimi-cli: every model's
 * provider exists, the default model exists, only capabilities it knows.
 * Tokens are never written here.
 */
#ifndef KIMI_KIMI_CONFIG_H
#define KIMI_KIMI_CONFIG_H

#include "base/err.h"
#include "format/toml.h"
#include "kimi/home.h"
#include "kimi/models.h"
#include "kimi/platform.h"

#include <stdbool.h>

struct config_login {
	const struct platform *platform;
	const char *storage;         /* "file" or "keyring": where the tokens lie */
	const char *key;             /* under which: "oauth/kimi-code" */
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

/* The key of a model in the config, PLATFORM/ID; the caller frees it. NULL: no memory. */
char *config_model_key(const struct platform *platform, const char *id);

/* Notes where the tokens of a login lie now; nothing if the config does not have the login. */
int config_set_storage(
    const struct home *home, const struct platform *platform, const char *storage, struct err *err);

/* The config says that the login with this key lies in the keyring. A config that cannot be read says nothing. */
bool config_names_keyring(const struct home *home, const char *key);

/* Questions to a document that config_file_read() gave. */
bool config_has_login(const struct toml *doc, const struct platform *platform);
const char *config_default_model(const struct toml *doc); /* NULL: none */

#endif
