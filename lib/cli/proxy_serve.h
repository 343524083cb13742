/*
 * proxy_serve: running the relay, in the foreground or behind a command.
 *
 * The command becomes this process, as with kimi exec: its signals, job control and
 * exit status are its own. The proxy is a background process in a session of its
 * own that watches the command through a pidfd and ends with it, by SIGKILL too.
 */
#ifndef KIMI_CLI_PROXY_SERVE_H
#define KIMI_CLI_PROXY_SERVE_H

#include "base/err.h"
#include "cli/context.h"
#include "proxy/key.h"
#include "proxy/listener.h"

#include <stdbool.h>
#include <stddef.h>

struct proxy_serve {
	struct listener listeners[LISTENERS_MAX];
	size_t count;
	char key[PROXY_KEY_MAX];
	struct login_options login;
	const char *command; /* its name, for kimi status; NULL: there is none */
	double grace;        /* seconds for running requests to end after a signal */
	bool json, verbose;  /* log a line per request: as JSON, or as text */
};

/* Serves until a signal asks to stop. Calls `begun` once it listens, and fails if that fails. */
int proxy_serve_here(
    struct proxy_serve *serve, int (*begun)(void *context, struct err *err), void *context, struct err *err);

/* Starts a process that serves as long as this one lives. Returns once it serves, or -1 with *err. */
int proxy_serve_behind(struct proxy_serve *serve, struct err *err);

#endif
