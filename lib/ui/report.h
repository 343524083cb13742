/*
 * report: the output of a command.
 *
 * Results go to standard output. Everything else goes to standard error, as lines that begin with the
 * command's name; on a terminal they are wrapped between words. With --json every event goes to standard
 * output as one object per line:
 *
 *	{"type":"info|error|waiting|verification_url|success","message":"...","data":{...}}
 *
 * Only this module prints errors, and it cleans text before it reaches a terminal.
 */
#ifndef KIMI_UI_REPORT_H
#define KIMI_UI_REPORT_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct report {
	const char *program; /* "kimi token" */
	bool json;
	bool quiet;    /* no notes, only errors */
	bool silent;   /* print no line for the error, only its event */
	bool terminal; /* standard error is a terminal */
};

/* "kimi token: what went wrong; what to do", and with --json the error event too. Returns the exit status. */
int report_error(const struct report *report, const struct err *err);

/* A line for people on standard error; nothing with --quiet. */
void report_note(const struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, but also with --quiet: for the output of the command itself. */
void report_line(const struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* With --json an event, without it the message as a note. Takes `data`, which may be NULL. */
void report_tell(const struct report *report, const char *type, json_t *data, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* With --json an event, without it nothing. Takes `data`, which may be NULL. */
void report_event(const struct report *report, const char *type, json_t *data, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prints a JSON value as one line of standard output. Takes `value`. */
void report_json(json_t *value);

/* Flushes standard output. Returns 0, or the errno of the first write that failed. */
int report_flush(void);

#endif
