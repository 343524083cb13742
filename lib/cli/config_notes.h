/*
 * config_notes: what happened to config.toml and what is wrong with it, for the end of a command that may
 * change it.
 */
#ifndef KIMI_CLI_CONFIG_NOTES_H
#define KIMI_CLI_CONFIG_NOTES_H

#include "home/home.h"
#include "ui/report.h"

/* Reports each note of config_file_take_notes() once. */
void config_notes_tell(const struct report *report);

/* Says what the home's client refuses in its config.toml, so that a login is of no use there yet. */
void config_notes_warn(const struct report *report, const struct home *home);

#endif
