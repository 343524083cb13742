/* kimi shell: an interactive prompt for /login, /status and the other commands. */
#include "base/term.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/shell.h"
#include "cli/shell_history.h"
#include "ui/line_editor.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { MAX_LINE = 64 * 1024, MAX_HISTORY = 1024 * 1024 };

/* Reports an error and goes on: it counts as a failed command. */
static void shell_obey(struct shell *shell, const char *line)
{
	struct err err = {0};

	if (shell_do(shell, line, &err) < 0)
		shell->status = report_error(shell->report, &err);
}

static void shell_recall(struct line_editor *line, const struct home *home)
{
	struct buf kept;

	buf_init(&kept, MAX_HISTORY);
	shell_history_read(home, &kept);
	for (char *at = kept.data, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		text_clean_inplace(at);
		line_editor_remember(line, at);
	}
	buf_release(&kept);
}

static int shell_converse(struct shell *shell, struct err *err)
{
	struct line_editor *line = line_editor_open("kimi-shell", shell_words, shell);
	struct buf typed;
	int response = 0;

	if (!line)
		return err_memory(err);
	/* Ctrl-C between two lines must not end the shell. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	shell_recall(line, &shell->home);
	report_note(shell->report, "/help lists the commands, /exit or Ctrl-D leaves");
	buf_init_secret(&typed, MAX_LINE);
	while (!response && !shell->over) {
		buf_clear(&typed);
		response = line_editor_read(line, shell->prompt, &typed, err);
		while (typed.len && typed.data[typed.len - 1] == ' ') /* completion adds one */
			buf_truncate(&typed, typed.len - 1);
		if (response || !*typed.data)
			continue;
		if (shell_history_add(&shell->home, typed.data))
			line_editor_remember(line, typed.data);
		shell_obey(shell, typed.data);
	}
	if (response > 0)
		fputc('\n', stderr);
	buf_release(&typed);
	line_editor_close(line);
	if (response < 0)
		return -1;
	return 0;
}

static int shell_follow(struct shell *shell, struct err *err)
{
	struct buf line;
	int response = 0;

	buf_init_secret(&line, MAX_LINE);
	while (!response && !shell->over) {
		buf_clear(&line);
		response = term_next_line(&line, err);
		if (!response)
			shell_obey(shell, line.data);
	}
	buf_release(&line);
	if (response < 0)
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("shell", "[OPTIONS]", "An interactive prompt for kimi's commands.");
	struct shell shell = {.report = &c.report, .typed = term_is_there()};
	const struct option_row table[] = {
	    OPTION_TEXT("platform", &shell.login.platform, "ID", "the platform of every command"),
	    COMMAND_ACCOUNT_ROW(&shell.login.account),
	    COMMAND_CLIENT_ROW(&shell.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0);

	if (result == 0)
		result = shell_init(&shell, &c.err);
	if (result == 0)
		result = shell.typed ? shell_converse(&shell, &c.err) : shell_follow(&shell, &c.err);
	if (result == 0 && !shell.typed)
		c.exit_status = shell.status;
	return command_end(&c, result);
}
