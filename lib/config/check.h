/*
 * check: whether the home's client can load this config.toml.
 *
 * The rules (rules.h) say which fields are required, of which type, with which values. If
 * a rule is broken, kimi-cli does not start, and kimi-code cannot log in or finds no
 * models. So each violation is reported with its line. Unknown keys are ignored, as the
 * clients do.
 */
#ifndef KIMI_CONFIG_CHECK_H
#define KIMI_CONFIG_CHECK_H

#include "account/problem.h"
#include "format/toml.h"
#include "home/home.h"

/* Adds a problem "config_refused" for each violation; none if the client can load the config. */
void config_check(const struct home *home, const struct toml *config, struct problems *problems);

#endif
