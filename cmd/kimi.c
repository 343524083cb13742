/* kimi: finds kimi-SUB and becomes it. */
#include "base/err.h"
#include "base/exec_path.h"
#include "base/options.h"
#include "base/text.h"
#include "cli/front_help.h"
#include "cli/other_kimi.h"
#include "cli/subcommand.h"
#include "ui/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int print_commands(void)
{
	char **names = subcommand_list();

	for (char **name = names; *name; name++)
		printf("%s\n", *name);
	subcommand_free(names);
	return 0;
}

static int print_exec_path(struct err *err)
{
	char directory[3072];
	unsigned at = 0;

	if (!exec_path_directory(&at, directory, sizeof(directory)))
		return err_set(
		    err, ERR_FAILED, "set KIMI_EXEC_PATH", "cannot find the directory of the commands");
	/* A script needs the exact bytes. */
	if (isatty(STDOUT_FILENO))
		text_clean_inplace(directory);
	printf("%s\n", directory);
	return 0;
}

/* Names the nearest command or option, else where they are listed. */
static void front_advise(const char *typed, const char *const *names, char *ret_hint, size_t size)
{
	const char *nearest = names && *typed ? options_nearest(typed, names) : NULL;

	if (nearest)
		snprintf(ret_hint, size, "did you mean 'kimi %.60s'?", nearest);
	else
		snprintf(ret_hint, size, "see 'kimi help'");
}

/* The optional library that a command needs. NULL: it needs none. */
static const char *library_of(const char *name)
{
	static const struct {
		const char *name, *library;
	} optional[] = {{"shell", "libedit"}, {"proxy", "libmicrohttpd"}};

	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		if (strcmp(optional[i].name, name) == 0)
			return optional[i].library;
	return NULL;
}

static int front_unknown(const char *typed, struct err *err)
{
	static const char *const options[] = {
	    "--help", "--version", "--exec-path", "--list-cmds", "-h", "-v", "-V", NULL};
	const char *library = library_of(typed);
	char hint[120];

	if (library) {
		snprintf(hint, sizeof(hint), "install %s-dev and build again", library);
		return err_set(
		    err, ERR_FAILED, hint, "this build has no 'kimi %.20s'; it needs %s", typed, library);
	}
	if (*typed == '-') {
		front_advise(typed, options, hint, sizeof(hint));
		return err_set(err, ERR_USAGE, hint, "unknown option '%.80s'", typed);
	}
	char **names = subcommand_list();
	front_advise(typed, (const char *const *)names, hint, sizeof(hint));
	subcommand_free(names);
	return err_set(err, ERR_USAGE, hint, "'%.80s' is not a command", typed);
}

static int run(int argc, char **argv, struct err *err)
{
	static const char *const version[] = {"--version", "-v", "-V", "version", NULL};
	static const char *const help[] = {"--help", "-h", "help", NULL};
	const char *first = argc > 1 ? argv[1] : "";
	bool is_help = text_is_one_of(first, help);

	if (text_is_one_of(first, version))
		return printf("kimi %s (kimi-toolkit)\n", KIMI_VERSION) < 0;
	if (strcmp(first, "--exec-path") == 0)
		return print_exec_path(err);
	if (strcmp(first, "--list-cmds") == 0)
		return print_commands();
	if (is_help && (*first == '-' || argc < 3))
		return front_help_print();
	if (is_help) {
		int result = front_help_show_manual(argv[2], argv, err);
		if (result > 0)
			return front_unknown(argv[2], err);
		return result;
	}
	if (*first && subcommand_exec(first, argv + 1, err) < 0)
		return -1;
	/* Not one of our commands: run the other kimi, if there is one. */
	if (!library_of(first))
		other_kimi_exec(argv);
	if (argc > 1)
		return front_unknown(first, err);
	return front_help_print();
}

int main(int argc, char **argv)
{
	const struct report report = {.program = "kimi"};
	struct err err = {0};

	if (run(argc, argv, &err) < 0)
		return report_error(&report, &err);
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		err_output(&err);
		return report_error(&report, &err);
	}
	return 0;
}
