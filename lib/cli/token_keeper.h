/*
 * token_keeper: a background process that keeps a token fresh while the caller lives.
 *
 *	token_keeper_start(&options, &result, err)		the first token, or why there is none
 *	... execvp() ...				the caller may become another program
 *
 * The keeper watches the caller through a pidfd, which survives exec. Every minute
 * (more often for short-lived tokens) it runs kimi-token, which refreshes the login
 * in time, and it replaces the token file if there is one. When the caller ends,
 * even by SIGKILL, it removes the file and ends.
 *
 * It is forked twice and has its own session: the caller gets no unknown child, and
 * no signal from a terminal reaches the keeper. It closes the caller's descriptors,
 * so no pipe stays open because of it.
 */
#ifndef KIMI_CLI_TOKEN_KEEPER_H
#define KIMI_CLI_TOKEN_KEEPER_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/context.h"

#include <stdbool.h>

enum { TOKEN_KEEPER_PATH_MAX = 1024 };

struct token_keeper_options {
	struct login_options login;
	double interval; /* seconds between two calls of kimi-token at most */
	bool file;       /* keep the token in a file too */
};

struct token_keeper_result {
	struct buf token;                 /* a secret buffer, initialized and released by the caller */
	bool is_access_token;             /* and no API key */
	char file[TOKEN_KEEPER_PATH_MAX]; /* the token file, "" without one */
};

/*
 * Adds the token to ret_result->token and sets the rest. The file has mode 0600 and
 * the token without a newline; it is empty once the login has ended. The keeper
 * keeps no token in its memory. -1: what kimi-token says (no login, ...),
 * ERR_STORAGE (no directory for the file), ERR_INTERRUPTED, ERR_FAILED (a kernel
 * before Linux 5.3 has no pidfd_open(2)); no keeper and no file is left then.
 */
int token_keeper_start(
    const struct token_keeper_options *options, struct token_keeper_result *ret_result, struct err *err);

#endif
