/*
 * subcommand: finds and runs commands.
 *
 * The command SUB is the executable kimi-SUB in a directory of the exec path
 * (base/exec_path.h), else on PATH, so that your own kimi-foo is a command too.
 */
#ifndef KIMI_CLI_SUBCOMMAND_H
#define KIMI_CLI_SUBCOMMAND_H

#include "base/err.h"

/*
 * Becomes kimi-SUB, with argv[1] and on as its arguments. Returns only on failure: 1 there is
 * no such command, -1 it cannot be run.
 */
int subcommand_exec(const char *sub, char **argv, struct err *err);

/* The names without "kimi-", sorted, ended by NULL; the caller frees them. */
char **subcommand_list(void);
void subcommand_free(char **names);

#endif
