/*
 * supervise: running somebody else's command as if it had been started itself.
 *
 * The command runs in our process group, so that the terminal and the shell's
 * job control reach it by themselves. What is sent to us alone is passed on to
 * it; when it stops we stop the same way, so that the shell sees it; and when we
 * are killed in a way that cannot be passed on, it is killed too.
 *
 * It gets our descriptors, those beyond the standard three included, and signals,
 * limits and all else as they were given to us.
 */
#ifndef KIMI_CLI_SUPERVISE_H
#define KIMI_CLI_SUPERVISE_H

#include "base/err.h"

struct supervise_variable {
	const char *name; /* NULL: none */
	const char *value;
};

struct supervised {
	int status; /* exit status; 128+n of a signal */
	int signal; /* the one it died of, 0 if it did not */
};

/*
 * Starts the command with these two variables added to its environment, alone:
 * neither an argument nor our own environment ever holds their values. -1: it
 * could not be started, and *ret_end has the status that shells give then, 126
 * or 127; or ERR_INTERRUPTED before it began.
 */
int supervise_run(char *const argv[], const struct supervise_variable variables[2],
    struct supervised *ret_end, struct err *err);

/* Ends this process the way the command ended: of the same signal, or not at all. */
void supervise_die_alike(const struct supervised *end);

#endif
