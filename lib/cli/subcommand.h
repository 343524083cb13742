/*
 * subcommand: which commands there are, and running one.
 *
 * A command SUB is an executable kimi-SUB in a folder of the exec path
 * (base/sibling.h), else on PATH, so that anyone's kimi-foo is a command too.
 */
#ifndef KIMI_CLI_SUBCOMMAND_H
#define KIMI_CLI_SUBCOMMAND_H

#include "base/err.h"

/*
 * Becomes kimi-SUB, with argv[1] and on as its arguments. Returns only if that
 * cannot be: 1 there is no such command, -1 it is there and cannot be run.
 */
int subcommand_exec(const char *sub, char **argv, struct err *err);

/* The names, sorted, without the "kimi-", ended by NULL; the caller frees them with subcommand_free(). NULL: no memory. */
char **subcommand_list(void);
void subcommand_free(char **names);

#endif
