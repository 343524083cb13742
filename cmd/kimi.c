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

#include "pages.h" /* made from the man pages */

static const char *summary_of(const char *name)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(pages[i].name, name) == 0)
			return pages[i].summary;
	return "";
}

static const struct {
	const char *title, *names[8];
} groups[] = {
    {"START HERE", {"login", "models", "usage", "status", "logout"}},
    {"FOR SCRIPTS", {"token", "exec", "proxy", "refresh"}},
    {"MORE", {NULL}}, /* all others, a user's own too */
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static int group_of(const char *name)
{
	for (int group = 0; group < GROUPS - 1; group++)
		for (int i = 0; groups[group].names[i]; i++)
			if (strcmp(groups[group].names[i], name) == 0)
				return group;
	return GROUPS - 1;
}

static bool has_name(char **names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void print_summary(const char *name)
{
	printf("  %-10s %s\n", name, summary_of(name));
}

static int front_print_help(void)
{
	char **names = subcommand_list();

	printf("usage: kimi COMMAND [OPTIONS]\n\nkimi keeps you, your scripts and your cron jobs logged in "
	       "to Kimi.\n");
	for (int group = 0; group < GROUPS; group++) {
		printf("\n%s\n", groups[group].title);
		for (int i = 0; groups[group].names[i]; i++)
			if (has_name(names, groups[group].names[i]))
				print_summary(groups[group].names[i]);
	}
	for (char **name = names; name && *name; name++)
		if (group_of(*name) == GROUPS - 1)
			print_summary(*name);
	printf("  %-10s %s\n", "help", "show the manual page of a command");
	printf("\nOptions of a command: kimi COMMAND --help. Its manual: kimi help COMMAND.\n"
	       "Also: kimi --version, --exec-path (the directory of the commands), --list-cmds.\n");
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
		    err, ERR_FAILED, "set KIMI_EXEC_PATH", "the directory of the commands is not known");
	/* A script needs the very bytes. */
	if (isatty(STDOUT_FILENO))
		text_clean_inplace(folder);
	printf("%s\n", folder);
	return 0;
}

static bool is_command(const char *name)
{
	char **names = subcommand_list();
	bool found = has_name(names, name);

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

	static const char *const suffixes[] = {".1", ".1.gz", NULL};
	for (unsigned at = 0; sibling_folder(&at, folder, sizeof(folder));)
		for (const char *const *suffix = suffixes; *suffix; suffix++)
			if (text_join(ret_page, size,
			        (const char *const[]){folder, "/../share/man/man1/", name, *suffix, NULL}) &&
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
		return front_print_help();
	argv[1] = flag;
	argv[2] = NULL;
	return subcommand_exec(sub, argv, err);
}

/* What was meant, perhaps; else where to look. */
static void front_advise(const char *typed, const char *const *names, char *ret_todo, size_t size)
{
	const char *nearest = names && *typed ? options_nearest(typed, names) : NULL;

	if (nearest)
		snprintf(ret_todo, size, "did you mean 'kimi %.60s'?", nearest);
	else
		snprintf(ret_todo, size, "see 'kimi help'");
}

/* The library without which a command is not built; NULL: it is no such command. */
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
	char todo[120];

	if (library) {
		snprintf(todo, sizeof(todo), "install %s-dev and build again", library);
		return err_set(
		    err, ERR_FAILED, todo, "this build has no 'kimi %.20s'; it needs %s", typed, library);
	}
	if (*typed == '-') {
		front_advise(typed, options, todo, sizeof(todo));
		return err_set(err, ERR_USAGE, todo, "unknown option '%.80s'", typed);
	}
	char **names = subcommand_list();
	front_advise(typed, (const char *const *)names, todo, sizeof(todo));
	subcommand_free(names);
	return err_set(err, ERR_USAGE, todo, "'%.80s' is not a command", typed);
}

static bool is_any_of(const char *word, const char *const words[])
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static int run(int argc, char **argv, struct err *err)
{
	static const char *const version[] = {"--version", "-v", "-V", "version", NULL};
	static const char *const help[] = {"--help", "-h", "help", NULL};
	const char *first = argc > 1 ? argv[1] : "";
	bool is_help = is_any_of(first, help);

	if (is_any_of(first, version))
		return printf("kimi %s (kimi-toolkit)\n", KIMI_VERSION) < 0;
	if (strcmp(first, "--exec-path") == 0)
		return print_exec_path(err);
	if (strcmp(first, "--list-cmds") == 0)
		return print_commands();
	if (is_help && (*first == '-' || argc < 3))
		return front_print_help();
	if (is_help)
		return show_manual(argv[2], argv, err) > 0 ? front_unknown(argv[2], err) : -1;
	if (*first && subcommand_exec(first, argv + 1, err) < 0)
		return -1;
	/* No command of ours: kimi-cli's, if it is installed. */
	if (!library_of(first))
		handover_to_other_kimi(argv);
	return argc > 1 ? front_unknown(first, err) : front_print_help();
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
