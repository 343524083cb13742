/*
 * signals: requests to stop, and sections that must not be stopped.
 *
 * signals_start() makes SIGINT, SIGTERM and SIGHUP set a flag that the program
 * checks. Signals that were ignored at the start stay ignored, as nohup and shells
 * expect. It ignores SIGPIPE and SIGXFSZ, so that write() returns EPIPE or EFBIG.
 * Functions that wait (signals_sleep(), http, process) end early once the flag is
 * set and return ERR_INTERRUPTED; the caller then cleans up as after any error.
 *
 *	signals_hold();         from here on no signal stops the program, not even Ctrl-Z
 *	... exchange, save ...
 *	signals_release();      signals that came in between set the flag now
 *
 * Holds nest. SIGKILL cannot be held.
 */
#ifndef KIMI_BASE_SIGNALS_H
#define KIMI_BASE_SIGNALS_H

#include "base/err.h"

#include <stddef.h>

void signals_start(void);

/* The signal that asked to stop, or 0. Signals that are held are not reported yet. */
int signals_caught(void);

/* Fills *err with ERR_INTERRUPTED and returns -1. */
int signals_error(struct err *err);

void signals_hold(void);
void signals_release(void);

/* Waits until no other thread holds signals. */
void signals_await_release(void);

/*
 * A descriptor for poll() that is readable once the flag is set; -1 before
 * signals_start() and during a hold.
 */
int signals_fd(void);

/* Sleeps; -1 ERR_INTERRUPTED as soon as the flag is set. */
int signals_sleep(int milliseconds, struct err *err);

/*
 * Reads `len` bytes that another process of ours writes to a pipe. -1: ERR_INTERRUPTED as
 * soon as the flag is set; ERR_BUSY if the process ended before.
 */
int signals_read(int fd, void *bytes, size_t len, struct err *err);

/*
 * For a background process: ignores SIGINT, SIGTERM and SIGHUP from now on. A service manager
 * sends them to all processes of a service, but this one must finish its work.
 */
void signals_outlast(void);

/*
 * In a child, before exec: restores all signals and the mask to what they were at
 * signals_start().
 */
void signals_reset_child(void);

#endif
