/*
 * catalog: the model list of a platform one is logged in to.
 *
 * Joins what the rooms below know: a fresh token (refresh.h), the list
 * (models.h), and what to do when the server refuses the token: one forced
 * refresh, one more try.
 */
#ifndef KIMI_KIMI_CATALOG_H
#define KIMI_KIMI_CATALOG_H

#include "base/err.h"
#include "kimi/home.h"
#include "kimi/models.h"
#include "kimi/platform.h"

/* The caller clears *ret_models. Errors are those of refresh_login() and models_fetch(). */
int catalog_fetch(
    const struct home *home, const struct platform *platform, struct models *ret_models, struct err *err);

#endif
