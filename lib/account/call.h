/*
 * call: runs one of our programs for a login and reads its last event.
 *
 *	struct call call = {.program = "kimi-models", .client = ..., .platform = ..., .account = ...};
 *
 *	if (call_run(&call, &response, err) < 0) ... the error that the program reported ...
 *	json_decref(response);
 *
 * The program is found by the exec path and run with --json. Each program limits
 * its own time.
 */
#ifndef KIMI_ACCOUNT_CALL_H
#define KIMI_ACCOUNT_CALL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/process.h"

#include <jansson.h>
#include <stdbool.h>

struct call {
	const char *program;
	const char *client, *platform, *account; /* its options; NULL: not given */
	const char *const *arguments;            /* further arguments, ended by NULL; may be NULL */
	bool outlives; /* runs in its own session, and continues after the timeout */
	int wait_ms;   /* timeout; 0: five minutes */
};

/*
 * Runs it and waits. 0: its exit status was 0; *ret_response is the JSON value on its last
 * line, owned by the caller, NULL if there is none. -1: the error that it reported,
 * ERR_TIMEOUT if it continues in the background, or ERR_FAILED.
 */
int call_run(const struct call *call, json_t **ret_response, struct err *err);

/* A call in an event loop. */
struct call_running {
	struct call call;
	struct process_running child; /* call_read() when `output` is readable, call_end() when `pidfd` is */
	struct buf output;
};

/* Starts it. `call` is borrowed until call_end(). The caller watches wait_ms. -1: as call_run(). */
int call_begin(struct call_running *running, const struct call *call, struct err *err);

/* Reads what is available. False: end of the output, so stop watching `output`. */
bool call_read(struct call_running *running);

/* Reaps it and closes both descriptors. Returns what call_run() does. */
int call_end(struct call_running *running, json_t **ret_response, struct err *err);

/* Closes both descriptors and lets the program continue alone. */
void call_abandon(struct call_running *running);

#endif
