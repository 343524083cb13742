/*
 * model_sync: the model lists brought into config.toml, and spoken of.
 */
#ifndef KIMI_CLI_MODEL_SYNC_H
#define KIMI_CLI_MODEL_SYNC_H

#include "api/model_lists.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

/* Writes the lists of a fetched catalog to the config, where they differ. Entries that failed are passed over. */
int model_sync_write(
    const struct report *report, const struct home *home, const struct catalog *catalog, struct err *err);

/*
 * What came of a catalog: 0, or -1 with the first entry that failed; further
 * ones are spoken of at once.
 */
int model_sync_outcome(const struct report *report, const struct catalog *catalog, struct err *err);

/* Fetches and writes, of `only` or (NULL) of every platform one is logged in to. */
int model_sync_all(
    const struct report *report, const struct home *home, const struct identity *only, struct err *err);

/* Names the models of the list that were not written, since tables of the user's own stand under their keys, or since
 * the home's client could not read them. */
void model_sync_tell_kept(const struct report *report, const struct home *home,
    const struct platform *platform, const struct models *models);

#endif
