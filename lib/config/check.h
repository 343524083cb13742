/*
 * config_check: would kimi-cli load this config.toml?
 *
 * The rules of its configuration model: which fields there must be, of which
 * kind, and what may stand in them. A config that it refuses keeps it from
 * starting at all, so each place is named. Keys that it does not know it ignores,
 * and so do we; a text that is a number, or a word for a truth, it takes for one.
 */
#ifndef KIMI_CONFIG_CHECK_H
#define KIMI_CONFIG_CHECK_H

#include "account/problem.h"
#include "format/toml.h"

/* Adds a problem "config_refused" for each place; nothing for a config that loads. */
void config_check(const struct toml *config, struct problems *problems);

#endif
