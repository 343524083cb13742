/*
 * model_choice: making a model the default by a name that a person typed.
 */
#ifndef KIMI_CLI_MODEL_CHOICE_H
#define KIMI_CLI_MODEL_CHOICE_H

#include "account/platform.h"
#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"
#include "ui/report.h"

/*
 * Makes the model that `typed` means the default in config.toml: its key, its id,
 * or the beginning of one that no other shares; of the models of `only`, or (NULL) of
 * all. `thinking`: "on", "off" or NULL.
 * -1: ERR_USAGE with the candidates for a name that means none or several.
 */
int model_choice_use(const struct report *report, const struct home *home, const struct toml *config,
    const struct platform *only, const char *typed, const char *thinking, struct err *err);

#endif
