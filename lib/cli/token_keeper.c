#include "cli/token_keeper.h"

#include "account/call.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/exec_path.h"
#include "base/file.h"
#include "base/process.h"
#include "base/runtime_dir.h"
#include "base/signals.h"
#include "format/json.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* kimi-token bounds itself; this is only there so that nothing waits for ever. */
enum { LONGEST_MS = 310000, MAX_ANSWER = 256 * 1024 };

/* What kimi-token said last. */
struct keeping {
	struct keeper *keeper;
	const struct keeper_wish *wish;
	struct buf token;
	double left;  /* seconds it lives; 0: it has no end */
	bool unsaved; /* the file still has the one before */
};

/* The first thing the keeper says; the token follows. */
struct greeting {
	struct err err; /* ERR_NONE: all is well */
	size_t token_len;
};

static int take_answer(struct keeping *k, const struct buf *answer, int status, struct err *err)
{
	json_t *object = event_last(answer);
	const char *token = json_text(object, "access_token");
	double expires_at;
	int failed = -1;

	if (status == 0 && token) {
		buf_clear(&k->token);
		buf_addstr(&k->token, token);
		k->left = json_number(object, "expires_at", &expires_at) ? expires_at - clock_now() : 0;
		failed = k->token.failed ? err_memory(err) : 0;
	} else if (!event_error(object, err)) {
		err_set(err, ERR_FAILED, "run 'kimi token' to see why", "kimi-token failed with status %d",
		    status);
	}
	json_decref(object);
	return failed;
}

static int ask(struct keeping *k, struct err *err)
{
	char path[4096];
	const char *argv[8] = {path, "--json"};
	struct process process = {.argv = argv, .deadline = clock_ms() + LONGEST_MS};
	enum process_end end;
	struct buf answer;
	int n = 2, status = 0;

	if (k->wish->platform_id) {
		argv[n++] = "--platform";
		argv[n++] = k->wish->platform_id;
	}
	if (k->wish->account) {
		argv[n++] = "--account";
		argv[n++] = k->wish->account;
	}
	if (sibling_find("kimi-token", path, sizeof(path), err) < 0)
		return -1;
	buf_init_secret(&answer, MAX_ANSWER);
	int failed = process_run(&process, &answer, &end, &status, err);
	if (!failed && end != PROCESS_EXITED)
		failed = err_set(err, ERR_FAILED, "try again", "kimi-token did not end by itself");
	if (!failed)
		failed = take_answer(k, &answer, status, err);
	buf_release(&answer);
	return failed;
}

static int put_file(const struct keeping *k, struct err *err)
{
	return *k->keeper->file ? file_replace(k->keeper->file, 0600, k->token.data, k->token.len, err) : 0;
}

/* True: our time is over. */
static bool wait_for_look(const struct keeping *k, int line)
{
	double seconds = k->wish->interval;

	/* A short life wants more looks. */
	if (k->left > 0 && k->left / 4 < seconds)
		seconds = k->left / 4 > 1 ? k->left / 4 : 1;
	int ms = (int)(seconds * 1000), alarm_fd = clock_alarm(ms);
	struct pollfd fds[] = {{.fd = line, .events = POLLIN}, {.fd = alarm_fd, .events = POLLIN}};
	int ready = poll(fds, 2, ms + 1);
	if (alarm_fd >= 0)
		close(alarm_fd);
	return ready > 0 && fds[0].revents;
}

static void look(struct keeping *k)
{
	struct buf before = k->token;
	struct err err = {0};

	buf_init_secret(&k->token, MAX_ANSWER);
	if (ask(k, &err) < 0 && err.code != ERR_LOGIN_REQUIRED && err.code != ERR_REJECTED) {
		buf_release(&k->token);
		k->token = before;
		return;
	}
	/* Without a login the file is empty. */
	if (strcmp(before.data, k->token.data) != 0)
		k->unsaved = true;
	if (k->unsaved && put_file(k, NULL) == 0)
		k->unsaved = false;
	buf_release(&before);
}

static void remove_file(const struct keeper *keeper)
{
	if (!*keeper->file)
		return;
	unlink(keeper->file);
	newfile_sweep(keeper->file);
	if (*keeper->folder)
		rmdir(keeper->folder);
}

static void nothing(int number)
{
	(void)number;
}

/* It ends with the one it works for, not before: what is sent to a whole service is no reason. */
static void outlast_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction no_op = {.sa_handler = nothing};

	sigemptyset(&no_op.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &no_op, NULL);
	setsid();
}

static void keep(struct keeper *keeper, const struct keeper_wish *wish, int line)
{
	struct keeping k = {.keeper = keeper, .wish = wish};
	struct greeting greeting = {0};

	outlast_signals();
	process_drop_inherited();
	buf_init_secret(&k.token, MAX_ANSWER);
	if (ask(&k, &greeting.err) == 0)
		put_file(&k, &greeting.err);
	greeting.token_len = k.token.len;
	bool told = write_all(line, &greeting, sizeof(greeting)) == 0 &&
	            write_all(line, k.token.data, k.token.len) == 0;
	while (told && greeting.err.code == ERR_NONE && !wait_for_look(&k, line))
		look(&k);
	buf_release(&k.token);
	remove_file(keeper);
}

/* Reads so many bytes; -1 as soon as a signal asks to stop. */
static int hear(int line, void *bytes, size_t len, struct err *err)
{
	for (char *at = bytes; len;) {
		struct pollfd fds[] = {
		    {.fd = line, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
		if (signals_caught())
			return signals_error(err);
		if (poll(fds, 2, -1) < 0 || !fds[0].revents)
			continue;
		ssize_t n = read(line, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(
			    err, ERR_FAILED, "try again", "the process that gets the token has ended");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int hear_greeting(int line, struct buf *ret_token, struct err *err)
{
	struct greeting greeting = {0};

	if (hear(line, &greeting, sizeof(greeting), err) < 0)
		return -1;
	if (greeting.err.code != ERR_NONE) {
		*err = greeting.err;
		return -1;
	}
	if (!buf_reserve(ret_token, greeting.token_len))
		return err_memory(err);
	if (hear(line, ret_token->data + ret_token->len, greeting.token_len, err) < 0)
		return -1;
	ret_token->len += greeting.token_len;
	ret_token->data[ret_token->len] = '\0';
	return 0;
}

static int choose_place(struct keeper *keeper, struct err *err)
{
	const char *tmp = env_get("TMPDIR");
	char folder[KEEPER_PATH_MAX - 64];

	if (!runtime_folder(true, folder, sizeof(folder))) {
		int n = snprintf(folder, sizeof(folder), "%s/kimi-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
		if (n < 0 || (size_t)n >= sizeof(folder) || !mkdtemp(folder))
			return err_errno(err, ERR_STORAGE, "set XDG_RUNTIME_DIR or TMPDIR",
			    "there is no place for the file of the token");
		snprintf(keeper->folder, sizeof(keeper->folder), "%s", folder);
	}
	snprintf(keeper->file, sizeof(keeper->file), "%s/exec.%d", folder, (int)getpid());
	return 0;
}

int keeper_start(
    struct keeper *keeper, const struct keeper_wish *wish, struct buf *ret_token, struct err *err)
{
	int ends[2];

	*keeper = (struct keeper){.pid = -1, .line = -1};
	if (wish->file && choose_place(keeper, err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		remove_file(keeper);
		return err_errno(err, ERR_FAILED, "try again", "cannot talk to a process of our own");
	}
	keeper->pid = fork();
	if (keeper->pid == 0) {
		close(ends[0]);
		keep(keeper, wish, ends[1]);
		_exit(0);
	}
	keeper->line = ends[0];
	close(ends[1]);
	int failed = keeper->pid > 0 ? hear_greeting(ends[0], ret_token, err)
	                             : err_errno(err, ERR_BUSY, "try again once fewer processes run",
	                                   "cannot start a process");
	if (failed)
		keeper_stop(keeper);
	return failed;
}

void keeper_stop(struct keeper *keeper)
{
	/* An exchange under way is that of kimi-refresh, in a session of its own. */
	if (keeper->pid > 0) {
		kill(keeper->pid, SIGKILL);
		waitpid(keeper->pid, NULL, 0);
	}
	if (keeper->line >= 0)
		close(keeper->line);
	remove_file(keeper);
	*keeper = (struct keeper){.pid = -1, .line = -1};
}
