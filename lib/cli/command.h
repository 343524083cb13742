/*
 * command: what every command does before and after its own work.
 *
 *	int main(int argc, char **argv)
 *	{
 *		struct command c = COMMAND_INIT("token", "[OPTIONS]", "Print a valid access token, refreshing it if needed.");
 *		const struct option_row table[] = {..., COMMAND_ROWS(c), OPTION_END};
 *		struct err err = {0};
 *
 *		int result = command_begin(&c, table, argc, argv, 0, &err);
 *		if (result == 0)
 *			result = run(&c, ..., &err);
 *		return command_end(&c, result < 0, &err);
 *	}
 *
 * command_begin() keeps the process from dumping core, makes sure that the three
 * standard descriptors are open, handles signals, reads the options, and prints --help,
 * --version and --list-options. command_end() reports the error, if there is one, and
 * checks that everything was written to standard output.
 */
#ifndef KIMI_CLI_COMMAND_H
#define KIMI_CLI_COMMAND_H

#include "base/err.h"
#include "base/options.h"
#include "ui/report.h"

#include <stdbool.h>

struct command {
	const char *name;    /* "token" */
	const char *usage;   /* what follows the name in the usage line */
	const char *summary; /* one sentence */
	const char *program; /* "kimi token" */
	bool quick; /* every system call counts: no signals_start(), and report.terminal is not looked up */
	struct report report;
	int operands; /* index in argv of the first one */
	bool help, version, list_options;
};

#define COMMAND_INIT(name_, usage_, summary_)                                                                \
	{                                                                                                    \
		.name = name_, .program = "kimi " name_, .usage = usage_, .summary = summary_                \
	}

/* --account NAME; an empty name is the default account and overrides KIMI_ACCOUNT. */
#define COMMAND_ACCOUNT_ROW(value_) COMMAND_ACCOUNT_ROW_AS(value_, "the account (default: KIMI_ACCOUNT)")
/* The same, if no name means all accounts. */
#define COMMAND_ACCOUNTS_ROW(value_)                                                                         \
	COMMAND_ACCOUNT_ROW_AS(value_, "the account (default: KIMI_ACCOUNT, else all)")
#define COMMAND_ACCOUNT_ROW_AS(value_, help_)                                                                \
	{                                                                                                    \
		.kind = OPTION_KIND_TEXT, .may_be_empty = true, .name = "account", .value = value_,          \
		.argument = "NAME", .help = help_                                                            \
	}

/* --client NAME */
#define COMMAND_CLIENT_ROW(value_)                                                                           \
	OPTION_CHOICE("client", value_, "kimi-code|kimi-cli", "use the home of this client")

/* The rows every command has. */
#define COMMAND_ROWS(c)                                                                                      \
	OPTION_FLAG("json", &(c).report.json, "print JSON"),                                                 \
	    OPTION_FLAG("quiet", &(c).report.quiet, "print only errors"),                                    \
	    {.kind = OPTION_KIND_FLAG,                                                                       \
	        .letter = 'h',                                                                               \
	        .name = "help",                                                                              \
	        .value = &(c).help,                                                                          \
	        .help = "print this help"},                                                                  \
	    OPTION_FLAG("version", &(c).version, "print the version"),                                       \
	{                                                                                                    \
		.kind = OPTION_KIND_FLAG, .hidden = true, .name = "list-options", .value = &(c).list_options \
	}

/* 0: continue. 1 (help was printed) or -1: call command_end(). More than `most_operands` operands are ERR_USAGE. */
int command_begin(struct command *c, const struct option_row *table, int argc, char **argv, int most_operands,
    struct err *err);

/* Returns the exit status: that of *err if `failed`, else 0 if everything was written to standard output. */
int command_end(const struct command *c, bool failed, const struct err *err);

/* The same, but a success has that exit status. */
int command_end_with(const struct command *c, bool failed, const struct err *err, int exit_status);

/* The first part of command_begin(), for programs that are not commands. */
void command_harden(void);

/*
 * Restores core dumps, standard descriptors and signals as they were before command_begin(),
 * for a process that becomes another program.
 */
void command_unharden(void);

/*
 * Becomes the user's command, found on PATH. Returns -1 only if it cannot run, with the exit
 * status that shells use in *ret_status: 127 not found, else 126.
 */
int command_become(char *const argv[], int *ret_status, struct err *err);

#endif
