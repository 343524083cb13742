#include "auth/refresh_aside.h"

#include "base/file.h"
#include "base/inherited.h"
#include "base/process.h"
#include "base/signals.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

_Static_assert(sizeof(struct refresh_aside_result) <= PIPE_BUF, "a result is written and read as a whole");

static void aside_run(void *context, int line)
{
	const struct refresh_aside *job = context;
	struct refresh_aside_result result = {.outcome = REFRESH_FAILED};
	struct token token = TOKEN_INIT;
	struct store store;

	signals_outlast();
	inherited_drop();
	if (store_open(&store, job->who, &result.err) == 0) {
		result.outcome = refresh_login(&store, &job->options, &token, &result.err);
		result.fell_back = store.fell_back;
		result.keyring = store.keyring.error;
	}
	token_clear(&token);
	write_all(line, &result, sizeof(result));
}

void refresh_aside_begin(struct refresh_aside *job)
{
	job->result = (struct refresh_aside_result){.outcome = REFRESH_FAILED};
	job->taken = false;
	job->line = process_start_background(aside_run, job);
	if (job->line < 0)
		err_errno(&job->result.err, ERR_BUSY, "try again when fewer processes are running",
		    "cannot start another process");
}

static void aside_hear(struct refresh_aside *job)
{
	ssize_t n;

	while ((n = read(job->line, &job->result, sizeof(job->result))) < 0 && errno == EINTR)
		;
	if (n != (ssize_t)sizeof(job->result)) {
		job->result.outcome = REFRESH_FAILED;
		err_set(&job->result.err, ERR_BUSY, "try again",
		    "the process that refreshes the login has ended");
	}
	close(job->line);
	job->line = -1;
}

/* Waits until one of them ends, or a signal asks to stop. */
static void aside_wait(struct refresh_aside *const jobs[], size_t count)
{
	struct pollfd fds[REFRESH_ASIDE_MAX + 1];

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = jobs[i]->line, .events = POLLIN};
	fds[count] = (struct pollfd){.fd = signals_fd(), .events = POLLIN};
	if (poll(fds, count + 1, -1) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents)
			aside_hear(jobs[i]);
}

struct refresh_aside *refresh_aside_next(struct refresh_aside *const jobs[], size_t count)
{
	for (;;) {
		bool is_waiting = false;
		for (size_t i = 0; i < count; i++) {
			struct refresh_aside *job = jobs[i];
			if (job->taken)
				continue;
			if (job->line >= 0 && signals_caught()) {
				close(job->line);
				job->line = -1;
				signals_error(&job->result.err);
			}
			if (job->line < 0) {
				job->taken = true;
				return job;
			}
			is_waiting = true;
		}
		if (!is_waiting)
			return NULL;
		aside_wait(jobs, count);
	}
}
