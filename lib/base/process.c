#include "base/process.h"

#include "base/clock.h"
#include "base/inherited.h"
#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* If our caller has ignored SIGCHLD, children leave no status and waitpid() does not find them. */
static void expect_child_status(void)
{
	signal(SIGCHLD, SIG_DFL);
}

/* A child blocks no signal and ignores none that we ignore; with takes_keys, Ctrl-C and Ctrl-\ end it. */
static void attributes_init(posix_spawnattr_t *attr, bool own_session, bool takes_keys)
{
	sigset_t none, defaults;
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

	if (own_session)
		flags |= POSIX_SPAWN_SETSID;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGXFSZ);
	if (takes_keys) {
		sigaddset(&defaults, SIGINT);
		sigaddset(&defaults, SIGQUIT);
	}
	posix_spawnattr_init(attr);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &defaults);
	posix_spawnattr_setflags(attr, flags);
}

/*
 * The descriptors become the child's standard input and output; -1: /dev/null. Returns an
 * error number, or 0.
 */
static int process_spawn(const struct process *process, int in, int out, pid_t *ret_pid)
{
	const char *const *argv = process->argv;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;

	expect_child_status();
	inherited_close_on_exec();
	posix_spawn_file_actions_init(&actions);
	attributes_init(&attr, process->own_session, false);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int error = (strchr(argv[0], '/') ? posix_spawn : posix_spawnp)(
	    ret_pid, argv[0], &actions, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return error;
}

struct process_exit process_exit_of(int wait_status)
{
	if (WIFEXITED(wait_status))
		return (struct process_exit){PROCESS_EXITED, WEXITSTATUS(wait_status)};
	return (struct process_exit){PROCESS_KILLED, WTERMSIG(wait_status)};
}

static int not_started(const char *program, int error, struct err *err)
{
	const char *hint = "check that you are allowed to run it";
	enum err_code code = ERR_FAILED;

	if (error == ENOENT)
		hint = "check that it is installed";
	if (error == EAGAIN || error == ENOMEM) {
		hint = "try again when fewer processes are running";
		code = ERR_BUSY;
	}
	errno = error;
	return err_errno(err, code, hint, "cannot run %s", program);
}

bool process_start_detached(const char *const *argv)
{
	const struct process process = {.argv = argv, .own_session = true};
	pid_t pid;

	return process_spawn(&process, -1, -1, &pid) == 0;
}

static int spawn_here(const char *const *argv, bool takes_keys, pid_t *ret_pid)
{
	posix_spawnattr_t attr;

	expect_child_status();
	inherited_close_on_exec();
	attributes_init(&attr, false, takes_keys);
	int error = posix_spawn(ret_pid, argv[0], NULL, &attr, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	return error;
}

enum { POLL_MS = 10 }; /* interval of checks for the end of a child without a pidfd */

/* A running child and our ends of its pipes. */
struct child {
	pid_t pid;
	int pidfd; /* readable when it has ended; -1: the kernel has none, so check every POLL_MS */
	int in, out;
	bool ended;
	int wait_status;
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Uses no descriptor below 3, in case our caller has closed a standard descriptor. */
static int make_pipe(int ends[2])
{
	int raw[2];

	ends[0] = ends[1] = -1;
	if (pipe2(raw, O_CLOEXEC) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		ends[i] = raw[i] > STDERR_FILENO ? raw[i] : fcntl(raw[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (ends[i] != raw[i])
			close(raw[i]);
	}
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	close_end(&ends[0]);
	close_end(&ends[1]);
	return -1;
}

int process_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

int process_adopt_orphans(void)
{
	sigset_t child_ended;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	expect_child_status();
	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, NULL);
	return signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);
}

void process_reap_orphans(int descriptor)
{
	struct signalfd_siginfo info;

	while (read(descriptor, &info, sizeof(info)) > 0)
		;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

bool process_wait_and_reap(int fd, int descriptor, int milliseconds)
{
	int alarm_fd = clock_alarm(milliseconds);
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = alarm_fd, .events = POLLIN},
	    {.fd = descriptor, .events = POLLIN}};
	long long deadline = clock_ms() + milliseconds + 1;

	do {
		/* Children that ended before we adopted orphans sent us no signal, so reap before poll(). */
		process_reap_orphans(descriptor);
	} while (poll(fds, 3, clock_left(deadline)) != 0 && !fds[0].revents && !fds[1].revents);
	if (alarm_fd >= 0)
		close(alarm_fd);
	return fds[0].revents;
}

static int process_start(struct child *child, const struct process *process, struct err *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};

	*child = (struct child){.pidfd = -1, .in = -1, .out = -1};
	int error = 0;
	if (make_pipe(out) < 0 || (process->input && make_pipe(in) < 0))
		error = errno;
	if (!error)
		error = process_spawn(process, in[0], out[1], &child->pid);
	close_end(&in[0]);
	close_end(&out[1]);
	if (error) {
		close_end(&in[1]);
		close_end(&out[0]);
		return not_started(process->argv[0], error, err);
	}
	child->in = in[1];
	child->out = out[0];
	if (child->in >= 0)
		fcntl(child->in, F_SETFL, O_NONBLOCK);
	fcntl(child->out, F_SETFL, O_NONBLOCK);
	child->pidfd = process_pidfd(child->pid);
	return 0;
}

static void process_reap(struct child *child, int options)
{
	if (!child->ended && waitpid(child->pid, &child->wait_status, options) == child->pid)
		child->ended = true;
}

int process_begin(
    const char *const *argv, bool own_session, struct process_running *ret_child, struct err *err)
{
	const struct process process = {.argv = argv, .own_session = own_session};
	struct child child;

	if (process_start(&child, &process, err) < 0)
		return -1;
	*ret_child = (struct process_running){.pid = child.pid, .pidfd = child.pidfd, .output = child.out};
	if (child.pidfd >= 0)
		return 0;
	err_errno(err, ERR_FAILED, "use Linux 5.3 or later", "cannot watch %s (pidfd_open)", argv[0]);
	kill(child.pid, SIGKILL);
	process_reap(&child, 0);
	close_end(&child.out);
	return -1;
}

/* 0 in the new process, 1 in the caller, -1 with errno. */
static int process_fork_background(void)
{
	int status = 0;

	pid_t child = fork();
	if (child == 0) {
		setsid();
		pid_t grandchild = fork();
		if (grandchild == 0)
			return 0;
		_exit(grandchild < 0 ? errno : 0);
	}
	if (child < 0)
		return -1;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
		return 1;
	errno = WEXITSTATUS(status);
	return -1;
}

int process_start_background(void (*run)(void *context, int line), void *context)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	int result = process_fork_background();
	if (result == 0) {
		close(ends[0]);
		run(context, ends[1]);
		_exit(0);
	}
	int error = errno;
	close(ends[1]);
	if (result > 0)
		return ends[0];
	close(ends[0]);
	errno = error;
	return -1;
}

static void process_feed(struct child *child, const struct process *process, size_t *sent)
{
	ssize_t n = write(child->in, process->input + *sent, process->input_len - *sent);

	if (n > 0)
		*sent += (size_t)n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || *sent == process->input_len)
		close_end(&child->in);
}

/*
 * Reads a limited number of chunks: a child that never stops writing must not outlast its
 * deadline.
 */
static void process_drain(struct child *child, struct buf *output)
{
	char chunk[8192];

	for (int n_chunks = 0; n_chunks < 64; n_chunks++) {
		ssize_t n = read(child->out, chunk, sizeof(chunk));
		if (n > 0) {
			buf_add(output, chunk, (size_t)n);
			if (output->secret)
				wipe(chunk, (size_t)n);
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			close_end(&child->out);
		if (n == 0 || errno != EINTR)
			return;
	}
}

/* Waits until it can write or read, the child ends, a signal comes or the deadline passes. */
static void wait_for_event(const struct child *child, long long deadline)
{
	struct pollfd fds[] = {
	    {.fd = child->in, .events = POLLOUT},
	    {.fd = child->out, .events = POLLIN},
	    {.fd = child->pidfd, .events = POLLIN},
	    {.fd = signals_fd(), .events = POLLIN},
	};
	int left = clock_left(deadline);

	if (child->pidfd < 0 && left > POLL_MS)
		left = POLL_MS;
	poll(fds, 4, left);
}

int process_run_here(const char *const *argv, bool takes_keys, int *ret_status, struct err *err)
{
	struct child child = {.in = -1, .out = -1};
	bool passed_on = false;
	int error = spawn_here(argv, takes_keys, &child.pid);

	if (error)
		return not_started(argv[0], error, err);
	child.pidfd = process_pidfd(child.pid);
	for (process_reap(&child, WNOHANG); !child.ended; process_reap(&child, WNOHANG)) {
		int number = signals_caught();
		/* The terminal sends Ctrl-C to the whole process group. */
		if (number && number != SIGINT && !passed_on)
			passed_on = kill(child.pid, number) == 0;
		struct pollfd fds[] = {
		    {.fd = child.pidfd, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
		int wait_ms = -1;
		if (number)
			fds[1].fd = -1;
		if (child.pidfd < 0)
			wait_ms = POLL_MS;
		poll(fds, 2, wait_ms);
	}
	close_end(&child.pidfd);
	struct process_exit exit = process_exit_of(child.wait_status);
	*ret_status = exit.status;
	if (exit.end == PROCESS_KILLED)
		*ret_status += 128;
	return 0;
}

int process_run(
    const struct process *process, struct buf *ret_output, struct process_exit *ret_exit, struct err *err)
{
	struct child child;
	size_t sent = 0;
	int failed = 0;

	if (process_start(&child, process, err) < 0)
		return -1;
	while (!child.ended && clock_left(process->deadline)) {
		if (signals_caught()) {
			failed = signals_error(err);
			break;
		}
		wait_for_event(&child, process->deadline);
		process_reap(&child, WNOHANG);
		if (child.in >= 0)
			process_feed(&child, process, &sent);
		if (child.out >= 0)
			process_drain(&child, ret_output);
	}
	if (!child.ended && !process->outlives) {
		kill(process->own_session ? -child.pid : child.pid, SIGKILL);
		process_reap(&child, 0);
		child.ended = false;
	}
	close_end(&child.in);
	close_end(&child.out);
	close_end(&child.pidfd);
	*ret_exit = process_exit_of(child.wait_status);
	if (!child.ended)
		ret_exit->end = PROCESS_UNFINISHED;
	return failed;
}
