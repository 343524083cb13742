/*
 * shell: lines that begin with a slash, and the commands they run.
 *
 * /login is kimi-login, found by the exec path, with the words of the line as its
 * arguments and our terminal and descriptors. Where a person types, Ctrl-C is the
 * command's; what the prompt shows is read again after whatever may change it.
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
	const struct report *report; /* its json and quiet go to every command */
	struct login_options login;  /* likewise */
	struct home home;
	bool typed;      /* by a person at a terminal */
	char prompt[96]; /* who is logged in, and the default model */
	int status;      /* of the last command that failed */
	bool over;       /* /exit */
};

/* The caller has filled report, login and typed. -1: there is no home (ERR_CONFIG). */
int shell_init(struct shell *shell, struct err *err);

/*
 * Does what a line says; an empty one and one that begins with '#' say nothing.
 * 0: done, or the command failed and has said so; -1: *err is to be said, and counts as
 * a failed command (ERR_USAGE: an unknown command, which names the nearest).
 */
int shell_do(struct shell *shell, const char *line, struct err *err);

/* Completion: line_words of line.h, with the shell as its context. */
void shell_words(void *shell, const char *typed, size_t start, struct buf *out);

#endif
