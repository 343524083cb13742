/*
 * report: what a command says.
 *
 * Results go to standard output; everything else to standard error, as lines
 * that begin with the command's name. With --json every event goes to standard
 * output as one object a line:
 *
 *	{"type":"info|error|waiting|verification_url|success","message":"...","data":{...}}
 *
 * This is the only place that speaks an error, and the place where text is
 * cleaned before it can reach a terminal.
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
	bool silent;   /* the error at the end is nobody's business now: its event, and no line */
	bool terminal; /* standard error is one */
};

/* "kimi token: what went wrong; what to do", and with --json the error event too. Returns the exit status. */
int report_error(const struct report *report, const struct err *err);

/* A line for people on standard error; nothing with --quiet. */
void report_note(const struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, said with --quiet too: what the command is there to show. */
void report_line(const struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* With --json an event (`data` is taken, NULL: none), without it the same words as a note. */
void report_tell(const struct report *report, const char *type, json_t *data, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* An event of --json; nothing without it. `data` is taken (NULL: none). */
void report_event(const struct report *report, const char *type, json_t *data, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Prints a JSON value as one line of standard output; `value` is taken. */
void report_json(json_t *value);

/* Flushes standard output. 0, or the errno of the first time that it did not take everything. */
int report_flush(void);

#endif
