/*
 * process: the one room that starts children.
 *
 * A child gets default signals, nothing blocked, no descriptor beyond the three
 * standard ones, and the environment of the caller. Whether the program could be
 * started at all is told apart from what it did then. Nothing is passed through
 * a shell.
 *
 * Who closes what: the room makes, watches and closes every pipe itself.
 */
#ifndef KIMI_BASE_PROCESS_H
#define KIMI_BASE_PROCESS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
	const char *const
	    *argv;         /* ended by NULL; argv[0] with a slash is run as it is, else looked up on PATH */
	const char *input; /* bytes for its standard input; NULL: /dev/null */
	size_t input_len;
	bool own_session;   /* out of reach of signals to the caller's group and terminal */
	bool outlives;      /* at the deadline it is left running instead of killed */
	long long deadline; /* of clock_ms() */
};

enum process_end {
	PROCESS_EXITED,
	PROCESS_KILLED,     /* by a signal */
	PROCESS_UNFINISHED, /* the deadline passed (it was killed unless `outlives`) */
};

/*
 * Runs a child to its end or the deadline. Its standard output is added to
 * ret_output (initialised by the caller; more than its maximum is read and
 * thrown away, and sets `failed`); its standard error goes to /dev/null.
 * *ret_status is the exit status or the number of the signal.
 * -1: it could not be started (ERR_FAILED, or ERR_BUSY for want of processes), or a signal came (ERR_INTERRUPTED).
 */
int process_run(const struct process *process, struct buf *ret_output, enum process_end *ret_end,
    int *ret_status, struct err *err);

/* A child that process_begin() started. The caller closes the descriptors and collects it with waitpid(). */
struct process_running {
	pid_t pid;
	int pidfd;  /* readable once it has ended */
	int output; /* its standard output, not blocking */
};

/* Starts a child as process_run() does, without input, and does not wait. -1 likewise; ERR_FAILED before Linux 5.3. */
int process_begin(
    const char *const *argv, bool own_session, struct process_running *ret_child, struct err *err);

/*
 * Lets go of the descriptors this process was started with, those without
 * close-on-exec: no pipe is to stay open because of one that only waits. The
 * standard three become /dev/null.
 */
void process_drop_inherited(void);

/*
 * Runs a child on our own standard descriptors and terminal to its end, whatever
 * it takes; *ret_status is its exit status, or 128+n of a signal. With
 * `takes_keys` it gets the Ctrl-C that we ignore. What asks us to stop meanwhile
 * is passed on to it. -1: it could not be started.
 */
int process_run_here(const char *const *argv, bool takes_keys, int *ret_status, struct err *err);

/* A descriptor that is readable once process `pid` has ended; the caller closes it. -1 with errno: before Linux 5.3. */
int process_pidfd(pid_t pid);

/*
 * Makes this process the parent of the processes that its descendants leave
 * behind, as process 1 is by itself. Returns a descriptor that is readable when
 * a child has ended, for poll(), or -1; process_reap_orphans() then collects all
 * that have ended. Call neither while process_run() runs.
 */
int process_adopt_orphans(void);
void process_reap_orphans(int descriptor);

/*
 * Forks a process that is nobody's child and in a session of its own, so that the
 * caller can become another program that finds no child that it does not know.
 * 0 in that process, 1 in the caller, -1 with errno. Where SIGCHLD is ignored, a failure of the second fork is not told.
 */
int process_fork_background(void);

/* Starts a child in a session of its own with /dev/null for everything, and does not wait for it. */
int process_start_detached(const char *const *argv, struct err *err);

#endif
