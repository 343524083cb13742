/*
 * usage_options: the command line of `kimi usage`.
 *
 * Two programs read it: kimi-usage, which is small and answers from the cache, and
 * the helper kimi-usage-online, which is run with the same arguments where a
 * server has to be asked.
 */
#ifndef KIMI_CLI_USAGE_OPTIONS_H
#define KIMI_CLI_USAGE_OPTIONS_H

#include "cli/command.h"
#include "cli/context.h"

#include <stdbool.h>

struct usage_options {
	struct login_options login;
	bool all, line;
	bool profile;   /* for kimi-status: --json says whose login it is, too */
	double check;   /* percent; negative: not given */
	double max_age; /* seconds; negative: not given */
};

/* Begins the command. As command_begin(); what does not go together is ERR_USAGE. */
int usage_options_begin(
    struct command *ret_command, struct usage_options *ret_options, int argc, char **argv, struct err *err);

#endif
