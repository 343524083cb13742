/*
 * command: what every command does before and after its own work.
 *
 *	int main(int argc, char **argv)
 *	{
 *		struct command c = COMMAND_INIT("token", "[OPTIONS]", "Print a valid access token.");
 *		const struct option_row table[] = {..., COMMAND_ROWS(c), OPTION_END};
 *
 *		int result = command_begin(&c, table, argc, argv, 0);
 *		if (result == 0)
 *			result = run(&c, ..., &c.err);
 *		return command_end(&c, result);
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
	bool quick;          /* every system call counts: no signals_start() */
	struct report report;
	int operands;    /* index in argv of the first one */
	struct err err;  /* why the command failed */
	int exit_status; /* set by the command; 0: that of the error, or success */
	bool help, version, list_options;
};

#define COMMAND_INIT(name_, usage_, summary_)                                                                \
	{                                                                                                    \
		.name = name_, .report = {.program = "kimi " name_}, .usage = usage_, .summary = summary_    \
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

/* A hidden number of seconds, for tests, which cannot wait as long as the default. */
#define COMMAND_SECONDS_ROW(name_, value_)                                                                   \
	{                                                                                                    \
		.kind = OPTION_KIND_NUMBER, .hidden = true, .name = name_, .value = value_, .least = 0.01,   \
		.most = 3600                                                                                 \
	}

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

/* 0: continue. 1 (help was printed) or -1: call command_end(). Too many operands are ERR_USAGE. */
int command_begin(
    struct command *c, const struct option_row *table, int argc, char **argv, int most_operands);

/*
 * Reports c->err if the result of the command is negative. Returns c->exit_status, or else the
 * status of the error. If the command did not fail but not everything was written to standard
 * output, reports that instead.
 */
int command_end(struct command *c, int result);

/* The first part of command_begin(), for programs that are not commands. */
void command_harden(void);

/*
 * Restores core dumps, standard descriptors and signals as they were before command_begin(),
 * for a process that becomes another program.
 */
void command_unharden(void);

/*
 * Becomes the user's command, found on PATH. Returns -1 only if it cannot run, and sets the
 * exit status to that of shells: 127 not found, else 126.
 */
int command_become(struct command *c, char *const argv[], struct err *err);

#endif
