/*
 * options: one table per command.
 *
 * The table is the only description of a command's options: options_parse()
 * reads the command line with it (with getopt_long: --name VALUE, --name=VALUE, -h, -- ends
 * the options), options_help() prints it for --help, and options_list() for completion and
 * for the test that compares it with the man page.
 *
 *	struct option_row table[] = {
 *	    OPTION_FLAG("header", &header, "print the line Authorization: Bearer ..."),
 *	    OPTION_NUMBER("min-valid", &min_valid, "SECONDS", 0, 1e9, "..."),
 *	    OPTION_END,
 *	};
 */
#ifndef KIMI_BASE_OPTIONS_H
#define KIMI_BASE_OPTIONS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* The hint of an ERR_USAGE; command_end() adds the program: see 'kimi token --help'. */
#define OPTIONS_SEE_HELP "see --help"

enum option_kind {
	OPTION_KIND_END,
	OPTION_KIND_FLAG,
	OPTION_KIND_TEXT,
	OPTION_KIND_CHOICE,
	OPTION_KIND_CHOICES,
	OPTION_KIND_NUMBER
};

struct option_row {
	enum option_kind kind;
	char letter; /* short form, 0 for none */
	bool hidden; /* not in help or lists */
	bool may_be_empty;
	const char *name;     /* without dashes */
	const char *argument; /* "SECONDS"; for a choice, its values: "on|off" */
	const char *help;
	void *value; /* bool *, const char ** (into argv), unsigned *, or double * */
	double least, most;
};

#define OPTION_FLAG(name_, value_, help_)                                                                    \
	{                                                                                                    \
		.kind = OPTION_KIND_FLAG, .name = name_, .value = value_, .help = help_                      \
	}
#define OPTION_TEXT(name_, value_, argument_, help_)                                                         \
	{                                                                                                    \
		.kind = OPTION_KIND_TEXT, .name = name_, .value = value_, .argument = argument_,             \
		.help = help_                                                                                \
	}
#define OPTION_CHOICE(name_, value_, choices_, help_)                                                        \
	{                                                                                                    \
		.kind = OPTION_KIND_CHOICE, .name = name_, .value = value_, .argument = choices_,            \
		.help = help_                                                                                \
	}
/* A choice that may be given several times; each sets the bit of its position in the list. */
#define OPTION_CHOICES(name_, value_, choices_, help_)                                                       \
	{                                                                                                    \
		.kind = OPTION_KIND_CHOICES, .name = name_, .value = value_, .argument = choices_,           \
		.help = help_                                                                                \
	}
#define OPTION_NUMBER(name_, value_, argument_, least_, most_, help_)                                        \
	{                                                                                                    \
		.kind = OPTION_KIND_NUMBER, .name = name_, .value = value_, .argument = argument_,           \
		.help = help_, .least = least_, .most = most_                                                \
	}
#define OPTION_END                                                                                           \
	{                                                                                                    \
		.kind = OPTION_KIND_END                                                                      \
	}
/*
 * The same if the operands are a command with options of its own: the first operand ends
 * the options.
 */
#define OPTION_END_AT_COMMAND                                                                                \
	{                                                                                                    \
		.kind = OPTION_KIND_END, .name = "COMMAND"                                                   \
	}

/*
 * Reads the options from argv[1] on; values of options that are not given stay unchanged.
 * Moves the operands to the end of argv: *ret_operands is the index of the first one. -1
 * ERR_USAGE; for an unknown option, the hint names the most similar one.
 */
int options_parse(const struct option_row *table, int argc, char **argv, int *ret_operands, struct err *err);

/* The flag is among the options in argv; for flags that matter even if parsing fails. */
bool options_has_flag(int argc, char **argv, const char *flag);

/* Adds the rows to `out`, aligned, for --help, in lines of at most `columns`, and at most 80. */
void options_help(const struct option_row *table, size_t columns, struct buf *out);

/* Adds a line per row: --name, TAB, argument ("" for a flag), TAB, help. */
void options_list(const struct option_row *table, struct buf *out);

/*
 * The candidate (the list ends with NULL) most similar to what was typed; NULL: none is
 * similar enough.
 */
const char *options_nearest(const char *typed, const char *const candidates[]);

#endif
