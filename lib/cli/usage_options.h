/*
 * usage_options: the command line of `kimi usage`.
 *
 * Two programs use it: kimi-usage, which is small and reads the cache, and the helper
 * kimi-usage-online, which runs with the same arguments if a server has to be asked.
 */
#ifndef KIMI_CLI_USAGE_OPTIONS_H
#define KIMI_CLI_USAGE_OPTIONS_H

#include "cli/command.h"
#include "cli/context.h"

#include <stdbool.h>

struct usage_options {
	struct login_options login;
	bool all, line;
	bool profile;   /* for kimi-status: also print the profile with --json */
	double check;   /* percent; negative: not given */
	double max_age; /* seconds; negative: not given */
};

/* As command_begin(). Options that cannot be used together are ERR_USAGE. */
int usage_options_begin(
    struct command *ret_command, struct usage_options *ret_options, int argc, char **argv);

#endif
