/*
 * forkserver: for LD_PRELOAD, before a program that valgrind is to watch. With KIMI_TEST_FORKSERVER=SOCKET the program of
 * that name halts short of main(), and a fork of it lives for each call that comes there (see call.h), until SIGTERM. To
 * the program it lies where its caller lies; where it is started in the usual way, at KIMI_TEST_EXE.
 */
#include "call.h"
#include "warm.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

#define CALLS      512 /* at once */
#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static struct {
	pid_t process;
	int connection; /* -1: the caller is gone */
} calls[CALLS];
static int call_count;

static char message[CALL_SIZE]; /* of the call that this process is, which its strings stay in */
static const char *own_path;

__attribute__((noreturn)) static void give_up(const char *what)
{
	perror(what);
	_exit(125);
}

static void heed(int signal)
{
	(void)signal;
}

static void send_int(int connection, int value)
{
	/* A caller that was killed hears nothing any more. */
	if (send(connection, &value, sizeof(value), MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		give_up("forkserver: send");
}

/* ---- A call, in its own process */

/* Numbers the descriptors as the caller's, and closes all others. */
static void place_fds(const int *wanted, int *given, int count)
{
	for (int i = 0; i < call_count; i++)
		if (calls[i].connection >= 0)
			close(calls[i].connection);
	for (int i = 0; i < count; i++) {
		int above = fcntl(given[i], F_DUPFD, CALL_MAX_FD + 1);
		if (above < 0)
			give_up("forkserver: F_DUPFD");
		close(given[i]);
		given[i] = above;
	}
	for (int fd = 0; fd <= CALL_MAX_FD; fd++)
		close(fd);
	for (int i = 0; i < count; i++) {
		if (dup2(given[i], wanted[i]) < 0)
			_exit(125);
		close(given[i]);
	}
}

static void take_state(const struct call *call)
{
	umask(call->umask);
	if (call->group ? setpgid(0, call->group) : setsid() < 0)
		_exit(125); /* the caller was killed meanwhile, and its group is gone */
	for (int i = 1; i < NSIG; i++)
		signal(i, sigismember(&call->ignored, i) == 1 ? SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, &call->blocked, NULL);
	for (int i = 0; i < (int)RLIM_NLIMITS; i++)
		setrlimit((__rlimit_resource_t)i, &call->limits[i]);
}

/* Becomes what the caller was: its arguments, then NULL, then its environment, as at the start of any program. */
static char **take_call(int connection, int *ret_argc)
{
	static struct call call;
	int fds[CALL_ALL_FDS], own = 0;
	union {
		char space[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr header;
	} control;
	struct iovec part = {message, sizeof(message)};
	struct msghdr header = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	if (recvmsg(connection, &header, 0) < (ssize_t)sizeof(call))
		_exit(125); /* the caller was killed, or starts it in the usual way */
	memcpy(&call, message, sizeof(call));
	memcpy(fds, CMSG_DATA(&control.header), control.header.cmsg_len - CMSG_LEN(0));
	int folder = fds[own++];
	if (call.has_mounts && setns(fds[own++], CLONE_NEWNS))
		give_up("forkserver: setns");
	if (fchdir(folder))
		give_up("forkserver: fchdir");
	place_fds(call.fds, fds + own, call.fd_count);
	take_state(&call);

	static char **arguments;
	arguments = calloc((size_t)call.argc + (size_t)call.envc + 2, sizeof(*arguments));
	if (!arguments)
		_exit(125);
	const char *at = message + sizeof(call);
	own_path = at;
	for (int i = 0; i < call.argc + call.envc; i++) {
		at += strlen(at) + 1;
		arguments[i < call.argc ? i : i + 1] = (char *)at;
	}
	environ = arguments + call.argc + 1;
	*ret_argc = call.argc;
	return arguments;
}

/* ---- The server */

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(path, 0666) ||
	    listen(fd, CALLS))
		give_up(path);
	return fd;
}

static void reap(void)
{
	int status;
	pid_t process;

	while ((process = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < call_count; i++) {
			if (calls[i].process != process)
				continue;
			if (calls[i].connection >= 0) {
				send_int(calls[i].connection, status);
				close(calls[i].connection);
			}
			calls[i] = calls[--call_count];
			break;
		}
}

static void hang_up(int connection)
{
	for (int i = 0; i < call_count; i++)
		if (calls[i].connection == connection) {
			kill(calls[i].process, SIGKILL);
			close(connection);
			calls[i].connection = -1;
		}
}

/* Returns in the process of a call. */
static char **serve(const char *path, int *ret_argc)
{
	int listener = listen_at(path);
	struct sigaction action = {.sa_handler = heed};
	sigset_t blocked, waiting;

	/* All: what is sent to a call waits until its process is what the caller was. */
	sigfillset(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	sigaction(SIGCHLD, &action, NULL);
	for (;;) {
		struct pollfd fds[CALLS + 1] = {{.fd = listener, .events = call_count < CALLS ? POLLIN : 0}};
		int count = call_count;
		for (int i = 0; i < count; i++)
			fds[i + 1] = (struct pollfd){.fd = calls[i].connection, .events = POLLRDHUP};
		if (ppoll(fds, (nfds_t)count + 1, NULL, &waiting) < 0) {
			if (errno != EINTR)
				give_up("forkserver: ppoll");
			reap();
			continue;
		}
		for (int i = 1; i <= count; i++)
			if (fds[i].revents)
				hang_up(fds[i].fd);
		int connection = fds[0].revents & POLLIN ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (connection < 0)
			continue;
		pid_t process = fork();
		if (process < 0)
			give_up("forkserver: fork");
		if (process == 0)
			return take_call(connection, ret_argc);
		calls[call_count].process = process;
		calls[call_count++].connection = connection;
		send_int(connection, process);
	}
}

/* ---- What the program calls */

/* Where the program lies, if that is what it asks. */
static const char *resolved(const char *path)
{
	return own_path && strcmp(path, "/proc/self/exe") == 0 ? own_path : path;
}

ssize_t readlink(const char *path, char *ret, size_t size)
{
	const char *answer = resolved(path);
	size_t len = strlen(answer);

	if (answer == path)
		return REAL(readlink)(path, ret, size);
	memcpy(ret, answer, len < size ? len : size);
	return (ssize_t)(len < size ? len : size);
}

int stat(const char *path, struct stat *ret)
{
	return REAL(stat)(resolved(path), ret);
}

static int (*program)(int, char **, char **);

/* Nothing of ours happens after main(), and what all the libraries do then takes as long as a call. */
static int run_and_leave(int argc, char **argv, char **env)
{
	int status = program(argc, argv, env);

	fflush(NULL);
	_exit(status);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	const char *path = getenv("KIMI_TEST_FORKSERVER"), *exe = getenv("KIMI_TEST_EXE");

	/* Valgrind's own programs come by here, too, and what the program starts is not for us. */
	if (path && strcmp(basename(path), basename(argv[0])) == 0) {
		if (!RUNNING_ON_VALGRIND) {
			fputs("forkserver: this is not under valgrind\n", stderr);
			_exit(125);
		}
		warm_up(main, getenv("KIMI_TEST_WARM"));
		argv = serve(path, &argc);
		warm_go_on();
		program = main;
		main = run_and_leave;
	} else if (exe && strcmp(basename(exe), basename(argv[0])) == 0) {
		own_path = strdup(exe);
		unsetenv("KIMI_TEST_EXE");
		unsetenv("LD_PRELOAD");
	}
	return REAL(__libc_start_main)(main, argc, argv, init, fini, rtld_fini, stack_end);
}
