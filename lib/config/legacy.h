/*
 * legacy: config.json, kimi-cli's configuration before config.toml.
 */
#ifndef KIMI_CONFIG_LEGACY_H
#define KIMI_CONFIG_LEGACY_H

#include "base/buf.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>

/*
 * Adds its settings to `ret_text` as TOML. *ret_found: there is such a file. -1:
 * ERR_CONFIG if it is invalid, ERR_STORAGE if it cannot be read.
 */
int config_legacy_read(const struct home *home, struct buf *ret_text, bool *ret_found, struct err *err);

/* Renames it to config.json.bak, once config.toml is written. */
int config_legacy_retire(const struct home *home, struct err *err);

#endif
