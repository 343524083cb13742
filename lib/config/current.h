/*
 * current: what config.toml says right now, for callers that have not parsed it.
 *
 * A config that cannot be read counts as empty.
 */
#ifndef KIMI_CONFIG_CURRENT_H
#define KIMI_CONFIG_CURRENT_H

#include "account/account.h"
#include "home/home.h"

#include <stdbool.h>

/* The platform of the default model; NULL: no default, or one of the user's own provider. */
const struct platform *config_default_platform_at(const struct home *home);

/* The config says that the login is stored in the keyring. */
bool config_names_keyring(const struct account *who);

#endif
