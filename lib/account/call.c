#include "account/call.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/exec_path.h"
#include "base/process.h"
#include "format/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALL_MAX_MS = 300000, CALL_MAX_ARGUMENTS = 16, CALL_MAX_OUTPUT = 16 * 1024 * 1024 };

/* Returns the JSON value on the last line; NULL: there is none. */
static json_t *call_last_value(const struct buf *output)
{
	const char *start = output->data, *end = output->data + output->len;

	while (end > start && end[-1] == '\n')
		end--;
	for (const char *at = start; at < end; at++)
		if (*at == '\n')
			start = at + 1;
	if (start == end)
		return NULL;
	return json_parse(start, (size_t)(end - start), NULL);
}

/* Returns true if the event is an error, and copies it to *err. */
static bool call_take_error(const json_t *event, struct err *err)
{
	const char *type = json_text(event, "type"), *message = json_text(event, "message");
	const char *code = json_text(json_object_get(event, "data"), "code");

	if (!type || !message || !code || strcmp(type, "error") != 0)
		return false;
	err_set(err, err_by_name(code), NULL, "%s", message);
	return true;
}

/* Turns the exit status and the last event into a result. */
static int call_judge(
    const struct call *call, const struct process_exit *exit, const json_t *last, struct err *err)
{
	char hint[80];

	snprintf(hint, sizeof(hint), "run '%s' to see why", call->program);
	if (exit->end == PROCESS_UNFINISHED && call->outlives)
		return err_set(err, ERR_TIMEOUT, "try again in a moment",
		    "%s takes long and continues in the background", call->program);
	if (exit->end == PROCESS_UNFINISHED)
		return err_set(err, ERR_FAILED, hint, "%s did not end in time", call->program);
	if (exit->end == PROCESS_KILLED)
		return err_set(
		    err, ERR_FAILED, "try again", "%s was killed by signal %d", call->program, exit->status);
	if (exit->status == 0)
		return 0;
	if (!call_take_error(last, err))
		err_set(err, ERR_FAILED, hint, "%s failed with status %d", call->program, exit->status);
	return -1;
}

static int call_arguments(
    const struct call *call, const char *path, const char *argv[CALL_MAX_ARGUMENTS + 1], struct err *err)
{
	const char *const options[][2] = {
	    {"--client", call->client}, {"--platform", call->platform}, {"--account", call->account}};
	size_t n = 0;

	argv[n++] = path;
	argv[n++] = "--json";
	argv[n++] = "--quiet";
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i][1])
			continue;
		argv[n++] = options[i][0];
		argv[n++] = options[i][1];
	}
	for (const char *const *argument = call->arguments; argument && *argument; argument++) {
		if (n == CALL_MAX_ARGUMENTS)
			return err_set(err, ERR_FAILED, NULL, "too many arguments for %s", call->program);
		argv[n++] = *argument;
	}
	argv[n] = NULL;
	return 0;
}

/* The result of a child that has ended. */
static int call_conclude(const struct call *call, const struct process_exit *exit, const struct buf *output,
    json_t **ret_response, struct err *err)
{
	json_t *last = call_last_value(output);
	int result = call_judge(call, exit, last, err);

	if (result == 0) {
		*ret_response = last;
		last = NULL;
	}
	json_decref(last);
	return result;
}

int call_run(const struct call *call, json_t **ret_response, struct err *err)
{
	char path[4096];
	const char *argv[CALL_MAX_ARGUMENTS + 1];
	struct process process = {.argv = argv,
	    .own_session = call->outlives,
	    .outlives = call->outlives,
	    .deadline = clock_ms() + (call->wait_ms ? call->wait_ms : CALL_MAX_MS)};
	struct process_exit exit;
	struct buf output;

	*ret_response = NULL;
	if (exec_path_find(call->program, path, sizeof(path), err) < 0 ||
	    call_arguments(call, path, argv, err) < 0)
		return -1;
	buf_init_secret(&output, CALL_MAX_OUTPUT);
	int result = process_run(&process, &output, &exit, err);
	if (result == 0)
		result = call_conclude(call, &exit, &output, ret_response, err);
	buf_release(&output);
	return result;
}

int call_begin(struct call_running *running, const struct call *call, struct err *err)
{
	char path[4096];
	const char *argv[CALL_MAX_ARGUMENTS + 1];

	*running = (struct call_running){.call = *call};
	if (exec_path_find(call->program, path, sizeof(path), err) < 0 ||
	    call_arguments(call, path, argv, err) < 0 ||
	    process_begin(argv, call->outlives, &running->child, err) < 0)
		return -1;
	buf_init_secret(&running->output, CALL_MAX_OUTPUT);
	return 0;
}

static ssize_t call_take(struct call_running *running)
{
	char chunk[8192];
	ssize_t n = read(running->child.output, chunk, sizeof(chunk));

	if (n > 0) {
		buf_add(&running->output, chunk, (size_t)n);
		wipe(chunk, (size_t)n);
	}
	return n;
}

bool call_read(struct call_running *running)
{
	ssize_t n = call_take(running);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

void call_abandon(struct call_running *running)
{
	close(running->child.output);
	close(running->child.pidfd);
	buf_release(&running->output);
}

int call_end(struct call_running *running, json_t **ret_response, struct err *err)
{
	int wait_status = 0, result;

	*ret_response = NULL;
	while (call_take(running) > 0)
		;
	while ((result = waitpid(running->child.pid, &wait_status, 0)) < 0 && errno == EINTR)
		;
	struct process_exit exit = process_exit_of(wait_status);
	if (result < 0)
		result = err_errno(
		    err, ERR_FAILED, "try again", "cannot get the exit status of %s", running->call.program);
	else
		result = call_conclude(&running->call, &exit, &running->output, ret_response, err);
	call_abandon(running);
	return result;
}
