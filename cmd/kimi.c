/* kimi: the front. It finds kimi-SUB and becomes it. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/exec_path.h"
#include "base/options.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/other_kimi.h"
#include "cli/subcommand.h"
#include "ui/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "summaries.h" /* made from the man pages' name lines */

static const char *summary_of(const char *name)
{
	for (size_t i = 0; i < sizeof(summaries) / sizeof(summaries[0]); i++)
		if (strcmp(summaries[i].name, name) == 0)
			return summaries[i].summary;
	return "";
}

static int print_help(void)
{
	char **names = subcommand_list();

	printf("usage: kimi COMMAND [OPTIONS]\n\nKeeps people, scripts and cron jobs logged in to Kimi.\n\n");
	for (char **name = names; name && *name; name++)
		printf("  %-10s %s\n", *name, summary_of(*name));
	printf("\n'kimi help COMMAND' shows its manual, 'kimi COMMAND --help' its options.\n"
	       "Also: kimi --version, --exec-path (where the commands lie), --list-cmds.\n");
	subcommand_free(names);
	return 0;
}

static int print_commands(void)
{
	char **names = subcommand_list();

	for (char **name = names; name && *name; name++)
		printf("%s\n", *name);
	subcommand_free(names);
	return 0;
}

static int print_exec_path(struct err *err)
{
	char folder[3072];
	unsigned at = 0;

	if (!sibling_folder(&at, folder, sizeof(folder)))
		return err_set(
		    err, ERR_FAILED, "set KIMI_EXEC_PATH", "the folder of the commands is not known");
	/* A script needs the very bytes. */
	if (isatty(STDOUT_FILENO))
		text_clean_inplace(folder);
	printf("%s\n", folder);
	return 0;
}

static bool is_command(const char *name)
{
	char **names = subcommand_list();
	bool found = false;

	for (char **one = names; one && *one; one++)
		found = found || strcmp(*one, name) == 0;
	subcommand_free(names);
	return found;
}

/* The page beside the programs, for a tree that was moved or is not on man's path; else the name, for man to find. */
static bool find_page(const char *name, char *ret_page, size_t size)
{
	char folder[2048];
	struct process where = {
	    .argv = (const char *const[]){"man", "-w", name, NULL}, .deadline = clock_ms() + 5000};
	enum process_end end;
	struct buf path;
	int status = -1;

	for (unsigned at = 0; sibling_folder(&at, folder, sizeof(folder));)
		if (text_join(ret_page, size,
		        (const char *const[]){folder, "/../share/man/man1/", name, ".1", NULL}) &&
		    access(ret_page, R_OK) == 0)
			return true;
	buf_init(&path, 4096);
	bool found =
	    process_run(&where, &path, &end, &status, NULL) == 0 && end == PROCESS_EXITED && status == 0;
	buf_release(&path);
	return found && text_join(ret_page, size, (const char *const[]){name, NULL});
}

/* The manual; without one, or without man, what --help says. 1: there is no such command. */
static int show_manual(const char *sub, char **argv, struct err *err)
{
	char name[256], page[2304], flag[] = "--help";
	bool front = strcmp(sub, "kimi") == 0 || strcmp(sub, "help") == 0;

	if (!front && !is_command(sub)) /* man would end with a status of its own */
		return 1;
	snprintf(name, sizeof(name), front ? "kimi" : "kimi-%.200s", sub);
	if (find_page(name, page, sizeof(page)))
		execlp("man", "man", page, (char *)NULL);
	if (front)
		return print_help();
	argv[1] = flag;
	argv[2] = NULL;
	return subcommand_exec(sub, argv, err);
}

/* What was meant, perhaps; else where to look. */
static void advise(const char *typed, const char *const *names, char *ret_todo, size_t size)
{
	const char *nearest = names && *typed ? options_nearest(typed, names) : NULL;

	if (nearest)
		snprintf(ret_todo, size, "did you mean 'kimi %.60s'?", nearest);
	else
		snprintf(ret_todo, size, "see 'kimi help'");
}

static int unknown(const char *typed, struct err *err)
{
	static const char *const options[] = {"--help", "--version", "--exec-path", "--list-cmds", NULL};
	char todo[120];

	if (*typed == '-') {
		advise(typed, options, todo, sizeof(todo));
		return err_set(err, ERR_USAGE, todo, "unknown option '%.80s'", typed);
	}
	char **names = subcommand_list();
	advise(typed, (const char *const *)names, todo, sizeof(todo));
	subcommand_free(names);
	return err_set(err, ERR_USAGE, todo, "'%.80s' is not a command", typed);
}

/* A command whose program was not built for want of its library. */
static int left_out(const char *name, struct err *err)
{
	static const char *const commands[][2] = {{"proxy", "libmicrohttpd"}, {"shell", "libedit"}};
	char todo[120];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i][0]) != 0)
			continue;
		snprintf(todo, sizeof(todo), "install %s-dev, then build and install again", commands[i][1]);
		return err_set(err, ERR_FAILED, todo, "this build has no kimi %s", name);
	}
	return 0;
}

static int run(int argc, char **argv, struct err *err)
{
	const char *first = argc > 1 ? argv[1] : "";

	if (strcmp(first, "--version") == 0)
		return printf("kimi %s (kimi-toolkit)\n", KIMI_VERSION) < 0;
	if (strcmp(first, "--exec-path") == 0)
		return print_exec_path(err);
	if (strcmp(first, "--list-cmds") == 0)
		return print_commands();
	if (strcmp(first, "-h") == 0 || strcmp(first, "--help") == 0 ||
	    (strcmp(first, "help") == 0 && argc < 3))
		return print_help();
	if (strcmp(first, "help") == 0)
		return show_manual(argv[2], argv, err) > 0 ? unknown(argv[2], err) : -1;
	if (*first && (subcommand_exec(first, argv + 1, err) < 0 || left_out(first, err) < 0))
		return -1;
	/* No command of ours: kimi-cli's, if it is installed. */
	handover_to_other_kimi(argv);
	return argc > 1 ? unknown(first, err) : print_help();
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
