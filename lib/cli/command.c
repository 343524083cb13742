#include "cli/command.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/signals.h"
#include "base/term.h"
#include "format/json.h"
#include "ui/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pages.h" /* made from the man pages */

enum { MAX_HELP = 16 * 1024, CANNOT_RUN = 126, NOT_FOUND = 127 };

static struct rlimit core_at_start;
static bool was_closed[STDERR_FILENO + 1];

/* A file that we open would take the place of a closed descriptor, and a token could be written there. */
static void open_standard_descriptors(void)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO}, {.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};

	if (poll(fds, 3, 0) <= 0) /* one system call for all three: a closed descriptor is an event */
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (!(fds[fd].revents & POLLNVAL))
			continue;
		/* Open standard output read-only, so that losing a token is an error. */
		int opened = open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY);
		was_closed[fd] = true;
		if (opened >= 0 && opened != fd) {
			dup2(opened, fd);
			close(opened);
		}
	}
}

void command_harden(void)
{
	/* Keep the hard limit, so that the limit can be restored for a command we run. */
	if (getrlimit(RLIMIT_CORE, &core_at_start) == 0)
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, core_at_start.rlim_max});
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	open_standard_descriptors();
}

void command_unharden(void)
{
	setrlimit(RLIMIT_CORE, &core_at_start);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (was_closed[fd])
			close(fd);
	signals_reset_child(); /* exec itself makes a process dumpable again */
}

int command_become(struct command *c, char *const argv[], struct err *err)
{
	command_unharden();
	execvp(argv[0], argv);
	c->exit_status = errno == ENOENT ? NOT_FOUND : CANNOT_RUN;
	if (errno == ENOENT)
		return err_errno(err, ERR_FAILED, "check its name and your PATH", "cannot run %s", argv[0]);
	return err_errno(err, ERR_FAILED, "check that you are allowed to run it", "cannot run %s", argv[0]);
}

static void command_print_help(const struct command *c, const struct option_row *table)
{
	size_t columns = term_width(STDOUT_FILENO);
	char usage[160];
	struct buf text;

	snprintf(usage, sizeof(usage), "%s %s", c->report.program, c->usage);
	buf_init(&text, MAX_HELP);
	buf_addstr(&text, "usage: ");
	layout_wrap(&text, strlen("usage: "), columns, usage);
	buf_addstr(&text, "\n\n");
	layout_wrap(&text, 0, columns, c->summary);
	buf_addstr(&text, "\n\nOPTIONS\n");
	options_help(table, columns, &text);
	fputs(text.data, stdout);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(pages[i].name, c->name) == 0 && *pages[i].examples)
			printf("\nEXAMPLES\n%s", pages[i].examples);
	printf("\nManual: kimi help %s\n", c->name);
	buf_release(&text);
}

static void print_list(const struct option_row *table)
{
	struct buf rows;

	buf_init(&rows, MAX_HELP);
	options_list(table, &rows);
	fputs(rows.data, stdout);
	buf_release(&rows);
}

int command_begin(struct command *c, const struct option_row *table, int argc, char **argv, int most_operands)
{
	command_harden();
	if (!c->quick)
		signals_start();
	memory_end_as(c->report.program, &c->report.json);
	json_start();
	c->report.terminal = isatty(STDERR_FILENO);
	if (options_parse(table, argc, argv, &c->operands, &c->err) < 0) {
		/* Parsing may have stopped before --json. */
		c->report.json = options_has_flag(argc, argv, "json");
		return -1;
	}
	if (c->help || c->version || c->list_options) {
		if (c->help)
			command_print_help(c, table);
		else if (c->version)
			printf("%s %s\n", c->report.program, KIMI_VERSION);
		else
			print_list(table);
		return 1;
	}
	if (argc - c->operands > most_operands)
		return err_set(&c->err, ERR_USAGE, OPTIONS_SEE_HELP, "unexpected argument '%.80s'",
		    argv[c->operands + most_operands]);
	return 0;
}

int command_end(struct command *c, int result)
{
	int exit_status = c->exit_status;

	if (result < 0) {
		if (strcmp(c->err.hint, OPTIONS_SEE_HELP) == 0)
			snprintf(c->err.hint, sizeof(c->err.hint), "see '%s --help'", c->report.program);
		int status = report_error(&c->report, &c->err);
		if (!exit_status)
			exit_status = status;
	}
	int lost = report_flush();
	if (!lost || result < 0)
		return exit_status;
	errno = lost;
	err_output(&c->err);
	if (lost == EPIPE) /* a reader such as head(1) may stop early */
		return err_exit_status(ERR_FAILED);
	c->report.json = false;
	return report_error(&c->report, &c->err);
}
