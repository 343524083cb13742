/*
 * config_notes: what is said at the end of a command that may have changed config.toml.
 */
#ifndef KIMI_CLI_CONFIG_NOTES_H
#define KIMI_CLI_CONFIG_NOTES_H

#include "ui/report.h"

/* Says each thing that config_file_take_notes() tells, once. */
void config_notes_tell(const struct report *report);

#endif
