/*
 * config_notes: what happened to config.toml, for the end of a command that may change it.
 */
#ifndef KIMI_CLI_CONFIG_NOTES_H
#define KIMI_CLI_CONFIG_NOTES_H

#include "ui/report.h"

/* Reports each note of config_file_take_notes() once. */
void config_notes_tell(const struct report *report);

#endif
