/*
 * process: starts child processes and waits for them.
 *
 * A child gets default signals, an empty signal mask, only the three standard descriptors,
 * and the caller's environment. A failure to start a program is not mistaken for the
 * program's own failure. No shell is involved.
 *
 * The functions create, watch and close all pipes themselves.
 */
#ifndef KIMI_BASE_PROCESS_H
#define KIMI_BASE_PROCESS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
	const char *const *argv; /* ended by NULL; argv[0] without a slash is searched on PATH */
	const char *input;       /* bytes for its standard input; NULL: /dev/null */
	size_t input_len;
	bool own_session;   /* does not get signals to the caller's process group and terminal */
	bool outlives;      /* keeps running after the deadline, instead of being killed */
	long long deadline; /* of clock_ms() */
};

enum process_end {
	PROCESS_EXITED,
	PROCESS_KILLED,     /* by a signal */
	PROCESS_UNFINISHED, /* the deadline passed (it was killed unless `outlives`) */
};

struct process_exit {
	enum process_end end;
	int status; /* the exit status; after PROCESS_KILLED, the number of the signal */
};

/* How a child ended, from the status of waitpid(). */
struct process_exit process_exit_of(int wait_status);

/*
 * Runs a child until it ends or the deadline passes. Adds its standard output to ret_output
 * (more than the buffer's maximum is discarded, and sets `failed`); its standard error goes
 * to /dev/null. -1: it could not be started (ERR_FAILED, or ERR_BUSY if there are too many
 * processes), or a signal asked to stop (ERR_INTERRUPTED).
 */
int process_run(
    const struct process *process, struct buf *ret_output, struct process_exit *ret_exit, struct err *err);

/* A child that process_begin() started. The caller closes the descriptors and calls waitpid(). */
struct process_running {
	pid_t pid;
	int pidfd;  /* readable when it has ended */
	int output; /* its standard output, non-blocking */
};

/*
 * Starts a child as process_run() does, without input, and does not wait. -1 as above;
 * ERR_FAILED before Linux 5.3.
 */
int process_begin(
    const char *const *argv, bool own_session, struct process_running *ret_child, struct err *err);

/*
 * Runs a child on our own standard descriptors and terminal until it ends. *ret_status is
 * its exit status, or 128 plus the number of the signal that killed it. With `takes_keys`,
 * it gets the Ctrl-C that we ignore. A signal that asks us to stop is passed on to it. -1:
 * it could not be started.
 */
int process_run_here(const char *const *argv, bool takes_keys, int *ret_status, struct err *err);

/*
 * A descriptor that is readable when process `pid` has ended; the caller closes it. -1
 * with errno: before Linux 5.3.
 */
int process_pidfd(pid_t pid);

/*
 * Makes this process the parent of orphans among its descendants, as process 1 is by
 * default. Returns a descriptor for poll() that is readable when a child has ended, or -1;
 * process_reap_orphans() then collects all that have ended, also without a descriptor
 * (-1). Call neither while process_run() runs.
 */
int process_adopt_orphans(void);
void process_reap_orphans(int descriptor);

/*
 * Waits until `fd` is readable (true), or so many milliseconds have passed, including the time
 * that the machine was suspended. Reaps orphans meanwhile, as above.
 */
bool process_wait_and_reap(int fd, int descriptor, int milliseconds);

/*
 * Calls run() in a new process that is not a child of the caller and has a session of its own,
 * so that the caller can exec a program that does not expect children. The process ends after
 * run(), which can write to the pipe `line`. Returns the end of it to read, which the caller
 * closes; -1 with errno. If SIGCHLD is ignored, a failure of the second fork goes unnoticed:
 * nothing is written.
 */
int process_start_background(void (*run)(void *context, int line), void *context);

/*
 * Starts a child in a session of its own with /dev/null for everything, and does not wait
 * for it. False: it could not be started.
 */
bool process_start_detached(const char *const *argv);

#endif
