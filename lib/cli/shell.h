/*
 * shell: the commands of `kimi shell`, lines that begin with a slash.
 *
 * /login runs kimi-login, found by the exec path, with the words of the line as
 * arguments and our terminal and descriptors. On a terminal Ctrl-C goes to the
 * command. The prompt is updated after each command that may change it.
 */
#ifndef KIMI_CLI_SHELL_H
#define KIMI_CLI_SHELL_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/context.h"
#include "home/home.h"
#include "ui/report.h"

#include <stdbool.h>

struct shell {
	const struct report *report; /* json and quiet are passed to every command */
	struct login_options login;  /* passed to every command */
	struct home home;
	bool typed;      /* a person types at a terminal */
	char prompt[96]; /* who is logged in, and the default model */
	int status;      /* of the last command that failed */
	bool over;       /* /exit */
};

/* The caller has set report, login and typed. -1: ERR_USAGE, or ERR_CONFIG (no home). */
int shell_init(struct shell *shell, struct err *err);

/*
 * Runs a line. Ignores empty lines and comments ('#'). 0: done, or the command failed and
 * reported it. -1: the caller reports *err (ERR_USAGE: unknown command, with the nearest).
 */
int shell_do(struct shell *shell, const char *line, struct err *err);

/* Completion: line_editor_words of line_editor.h, with the shell as its context. */
void shell_words(void *shell, const char *typed, size_t start, struct buf *out);

#endif
