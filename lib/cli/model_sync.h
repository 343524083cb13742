/*
 * model_sync: writes the model lists to config.toml and reports the result.
 */
#ifndef KIMI_CLI_MODEL_SYNC_H
#define KIMI_CLI_MODEL_SYNC_H

#include "api/model_lists.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

/*
 * Writes the fetched lists to the config if they differ, and skips lists that failed.
 * -1: ERR_CONFIG, ERR_STORAGE, ERR_BUSY.
 */
int model_sync_write(
    const struct report *report, const struct home *home, const struct model_lists *catalog, struct err *err);

/*
 * 0: all lists were fetched. -1: *err is the error of the first one that failed; the errors of
 * others have been reported.
 */
int model_sync_outcome(const struct report *report, const struct model_lists *catalog, struct err *err);

/* Fetches and writes the list of `only`, or (NULL) of every platform with a login. */
int model_sync_all(
    const struct report *report, const struct home *home, const struct account *only, struct err *err);

/*
 * The same for several homes: the list of the default account on platform `only`, or (NULL)
 * of every platform. Skips homes without a login, if there are several. A failure stops no
 * other home: -1 with the first one in *err, and further ones have been reported.
 */
int model_sync_homes(const struct report *report, const struct home homes[], size_t count,
    const struct platform *only, struct err *err);

/*
 * Reports the models that were not written, because the user has a table with that key or the
 * client cannot read them.
 */
void model_sync_tell_kept(const struct report *report, const struct home *home,
    const struct platform *platform, const struct models *models);

#endif
