/* kimi shell: a prompt in which /login, /status and the others run. */
#include "base/signals.h"
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

/* A wrong line is said and counts as a failed command; the next may be right. */
static void shell_obey(struct shell *shell, const char *line)
{
	struct err err = {0};

	if (shell_do(shell, line, &err) < 0)
		shell->status = report_error(shell->report, &err);
}

static void shell_recall(struct line *line, const struct home *home)
{
	struct buf kept;

	buf_init(&kept, MAX_HISTORY);
	shell_history_read(home, &kept);
	for (char *at = kept.data, *end; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		text_clean_inplace(at);
		line_remember(line, at);
	}
	buf_release(&kept);
}

static int shell_converse(struct shell *shell, struct err *err)
{
	struct line *line = line_open("kimi-shell", shell_words, shell);
	struct buf typed;
	int answer = 0;

	if (!line)
		return err_memory(err);
	/* Ctrl-C between two lines is nobody's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	shell_recall(line, &shell->home);
	report_note(shell->report, "/help lists the commands, /exit or Ctrl-D leaves");
	buf_init_secret(&typed, MAX_LINE);
	while (!answer && !shell->over) {
		buf_clear(&typed);
		answer = line_read(line, shell->prompt, &typed, err);
		while (typed.len && typed.data[typed.len - 1] == ' ') /* completion leaves one */
			buf_truncate(&typed, typed.len - 1);
		if (answer || !*typed.data)
			continue;
		if (shell_history_add(&shell->home, typed.data))
			line_remember(line, typed.data);
		shell_obey(shell, typed.data);
	}
	if (answer > 0)
		fputc('\n', stderr);
	buf_release(&typed);
	line_close(line);
	return answer < 0 ? -1 : 0;
}

static int shell_follow(struct shell *shell, struct err *err)
{
	struct buf line;
	int answer = 0;

	buf_init_secret(&line, MAX_LINE);
	while (!answer && !shell->over) {
		buf_clear(&line);
		answer = term_next_line(&line, err);
		if (!answer)
			shell_obey(shell, line.data);
	}
	buf_release(&line);
	return answer < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("shell", "[OPTIONS]", "An interactive prompt for kimi's commands.");
	struct shell shell = {.report = &c.report, .typed = term_is_there()};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_TEXT("platform", &shell.login.platform, "ID", "the platform of every command"),
	    COMMAND_ACCOUNT_ROW(&shell.login.account),
	    COMMAND_CLIENT_ROW(&shell.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = shell_init(&shell, &err);
	if (!failed)
		failed = shell.typed ? shell_converse(&shell, &err) : shell_follow(&shell, &err);
	return command_end_with(&c, failed < 0, &err, shell.typed ? 0 : shell.status);
}
