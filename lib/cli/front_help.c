#include "cli/front_help.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/exec_path.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/subcommand.h"
#include "ui/layout.h"

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
    {"MORE", {NULL}}, /* all other commands, also the user's own */
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static int group_of(const char *name)
{
	for (int group = 0; group < GROUPS - 1; group++)
		if (text_is_one_of(name, groups[group].names))
			return group;
	return GROUPS - 1;
}

static void print_text(const char *text)
{
	layout_print(0, text);
	printf("\n");
}

int front_help_print(void)
{
	char **names = subcommand_list();

	printf("usage: kimi COMMAND [OPTIONS]\n\n");
	print_text("kimi keeps you, your scripts and your cron jobs logged in to Kimi.");
	for (int group = 0; group < GROUPS; group++) {
		printf("\n%s\n", groups[group].title);
		for (int i = 0; groups[group].names[i]; i++)
			if (text_is_one_of(groups[group].names[i], (const char *const *)names))
				layout_field(13, groups[group].names[i], summary_of(groups[group].names[i]));
	}
	for (char **name = names; *name; name++)
		if (group_of(*name) == GROUPS - 1)
			layout_field(13, *name, summary_of(*name));
	layout_field(13, "help", "show the manual page of a command");
	printf("\n");
	print_text("Options of a command: kimi COMMAND --help. Its manual: kimi help COMMAND.");
	print_text("Also: kimi --version, --exec-path (the directory of the commands), --list-cmds.");
	subcommand_free(names);
	return 0;
}

static bool is_command(const char *name)
{
	char **names = subcommand_list();
	bool found = text_is_one_of(name, (const char *const *)names);

	subcommand_free(names);
	return found;
}

/* The path of the page beside the programs, which man may not search; else the name, if man finds it. */
static bool find_page(const char *name, char *ret_page, size_t size)
{
	char directory[2048];
	struct process where = {
	    .argv = (const char *const[]){"man", "-w", name, NULL}, .deadline = clock_ms() + 5000};
	struct process_exit exit;
	struct buf path;

	static const char *const suffixes[] = {".1", ".1.gz", NULL};
	for (unsigned at = 0; exec_path_directory(&at, directory, sizeof(directory));)
		for (const char *const *suffix = suffixes; *suffix; suffix++)
			if (text_join(ret_page, size,
			        (const char *const[]){
			            directory, "/../share/man/man1/", name, *suffix, NULL}) &&
			    access(ret_page, R_OK) == 0)
				return true;
	buf_init(&path, 4096);
	bool found =
	    process_run(&where, &path, &exit, NULL) == 0 && exit.end == PROCESS_EXITED && exit.status == 0;
	buf_release(&path);
	return found && text_join(ret_page, size, (const char *const[]){name, NULL});
}

int front_help_show_manual(const char *sub, char **argv, struct err *err)
{
	char name[256], page[2304], flag[] = "--help";
	bool front = strcmp(sub, "kimi") == 0 || strcmp(sub, "help") == 0;

	if (!front && !is_command(sub)) /* man has an exit status of its own for it */
		return 1;
	snprintf(name, sizeof(name), front ? "kimi" : "kimi-%.200s", sub);
	if (find_page(name, page, sizeof(page)))
		execlp("man", "man", page, (char *)NULL);
	if (front)
		return front_help_print();
	argv[1] = flag;
	argv[2] = NULL;
	return subcommand_exec(sub, argv, err);
}
