/*
 * signals: asked to stop, and stretches that may not be stopped.
 *
 * signals_start() turns SIGINT, SIGTERM and SIGHUP into a note that the program
 * looks at (those that were ignored at start stay ignored, as nohup and shells
 * want), and ignores SIGPIPE and SIGXFSZ, so that a write tells EPIPE or EFBIG
 * instead. A second call does nothing. Everything that waits (signals_sleep(), http, process) ends early once a signal is noted
 * and returns ERR_INTERRUPTED; cleaning up is then the ordinary way out.
 *
 *	signals_hold();         nothing stops the program from here on, Ctrl-Z included,
 *	... exchange, save ...
 *	signals_release();      to here: a signal that came in between is noted now
 *
 * Holds nest. SIGKILL cannot be held.
 */
#ifndef KIMI_BASE_SIGNALS_H
#define KIMI_BASE_SIGNALS_H

#include "base/err.h"

#include <stdbool.h>

void signals_start(void);

/* The signal that asked to stop, 0 if none did; signals that are held do not show yet. */
int signals_caught(void);

/* Fills *err with ERR_INTERRUPTED and returns -1. */
int signals_error(struct err *err);

void signals_hold(void);
void signals_release(void);

/* Waits until no other thread holds. */
void signals_await_release(void);

/* A descriptor that is readable once a signal was noted, for poll(); -1 before signals_start() and while they are held. */
int signals_fd(void);

/* Sleeps; -1 with ERR_INTERRUPTED as soon as a signal is noted. */
int signals_sleep(int milliseconds, struct err *err);

/*
 * In a background process: SIGINT, SIGTERM and SIGHUP do nothing from here on. A service
 * manager sends them to every process of a service, and this one ends with its command.
 */
void signals_outlast(void);

/* In a child, before exec: every signal, and the mask, back to what it was at signals_start(). */
void signals_reset_child(void);

#endif
