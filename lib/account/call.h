/*
 * call: running a program of ours for a login, and what it said.
 *
 *	struct call call = {.program = "kimi-models", .client = ..., .platform = ..., .account = ...};
 *
 *	if (call_run(&call, &answer, err) < 0) ... its own error ...
 *	json_decref(answer);
 *
 * The program is found by the exec path and run with --json; every one of them
 * bounds its own time.
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
	const char *const *arguments;            /* more of them, ended by NULL; NULL: none */
	bool outlives; /* it has a session of its own, and is not ended when the time is over */
	int wait_ms;   /* how long it is waited for; 0: five minutes, which none of them takes */
};

/*
 * Runs it. 0: it ended with status 0, and *ret_answer is the JSON value on its last
 * line, owned by the caller; NULL: there is none. -1: the error that it told, as
 * if it were ours; ERR_TIMEOUT if it goes on; ERR_FAILED.
 */
int call_run(const struct call *call, json_t **ret_answer, struct err *err);

/* A call in an event loop. */
struct call_running {
	struct call call;
	struct process_running child; /* call_read() when `output` is readable, call_end() when `pidfd` is */
	struct buf output;
};

/* Starts it; the texts of `call` must stay. -1: likewise. wait_ms is the caller's to mind. */
int call_begin(struct call_running *running, const struct call *call, struct err *err);

/* Takes what there is to read. False: there will be no more, and `output` need not be watched any longer. */
bool call_read(struct call_running *running);

/* Collects it; the result is that of call_run(). Both descriptors are closed. */
int call_end(struct call_running *running, json_t **ret_answer, struct err *err);

/* Lets it go on by itself, and forgets it: its parent will be whoever adopts our children. */
void call_abandon(struct call_running *running);

#endif
