/*
 * config_check: would the home's client load this config.toml?
 *
 * The rules of its configuration model (rules.h): which fields there must be, of
 * which kind, and what may stand in them. A config that it refuses keeps kimi-cli
 * from starting, and kimi-code from logging in or from finding its models, so each
 * place is named with its line. Keys that it does not know it ignores, and so do we.
 */
#ifndef KIMI_CONFIG_CHECK_H
#define KIMI_CONFIG_CHECK_H

#include "account/problem.h"
#include "format/toml.h"
#include "home/home.h"

/* Adds a problem "config_refused" for each place; nothing for a config that loads. */
void config_check(const struct home *home, const struct toml *config, struct problems *problems);

#endif
