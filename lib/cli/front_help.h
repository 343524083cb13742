/*
 * front_help: what `kimi help` shows.
 */
#ifndef KIMI_CLI_FRONT_HELP_H
#define KIMI_CLI_FRONT_HELP_H

#include "base/err.h"

/* Prints the commands in groups, with the name line of each man page. Returns 0. */
int front_help_print(void);

/*
 * Becomes man with the page of a command, or without man that command with --help in argv.
 * Returns 0 if it printed the help of the front, 1 if there is no such command, and -1 if
 * nothing can be run.
 */
int front_help_show_manual(const char *sub, char **argv, struct err *err);

#endif
