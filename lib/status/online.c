#include "status/online.h"

#include "account/call.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/exec_path.h"
#include "base/process.h"
#include "format/json.h"

/* kimi-models bounds itself; the longest is only there so that nothing waits for ever on a stopped process. */
enum { LONGEST_MS = 300000, MAX_OUTPUT = 64 * 1024 * 1024 };

static int read_list(const struct buf *output, int status, size_t *ret_models, struct err *err)
{
	json_t *answer = event_last(output), *models = json_object_get(answer, "models");
	int failed = 0;

	if (status == 0 && json_is_array(models))
		*ret_models = json_array_size(models);
	else if (event_error(answer, err))
		failed = -1;
	else
		failed = err_set(err, ERR_FAILED, "run 'kimi models' to see why",
		    "kimi-models failed with status %d", status);
	json_decref(answer);
	return failed;
}

int status_ask_online(const struct identity *who, size_t *ret_models, struct err *err)
{
	char path[4096];
	const char *argv[] = {
	    path, "--json", "--quiet", "--platform", who->platform->id, "--account", who->account, NULL};
	const struct process process = {.argv = argv, .deadline = clock_ms() + LONGEST_MS};
	enum process_end end;
	struct buf output;
	int status = 0;

	if (sibling_find("kimi-models", path, sizeof(path), err) < 0)
		return -1;
	buf_init(&output, MAX_OUTPUT);
	int failed = process_run(&process, &output, &end, &status, err);
	if (!failed && end != PROCESS_EXITED)
		failed = err_set(err, ERR_FAILED, "run 'kimi models' to see why", "kimi-models did not end");
	else if (!failed)
		failed = read_list(&output, status, ret_models, err);
	buf_release(&output);
	return failed;
}
