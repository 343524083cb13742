/*
 * caller: stands where the tests look for a program that valgrind is to watch. Hands all that it was given to that
 * program's fork server (see call.h), and every signal that comes later, and ends as the program ends. Where a fork of
 * another process could not be what this one is (another user's, say), and with KIMI_TEST_ANEW, it starts the
 * program under valgrind in the usual way instead.
 *
 * KIMI_MEMCHECK is the folder with servers/NAME, the sockets, direct/NAME, the usual way, and the file `calls`, which
 * gets a line for each.
 */
#include "call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static pid_t callee;

static void forward(int signal)
{
	int saved = errno;

	kill(callee, signal);
	errno = saved;
}

static int give_up(const char *what)
{
	fprintf(stderr, "memcheck: %s: %s\n", what, strerror(errno));
	return 125;
}

static void write_down(const char *way, const char *name)
{
	int fd = open(KIMI_MEMCHECK "/calls", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%s %s\n", way, name) < 0)
		perror("memcheck: " KIMI_MEMCHECK "/calls");
	if (fd >= 0)
		close(fd);
}

/* What /proc says that a process is and may do. */
static void rights_of(const char *pid, char *ret, size_t size)
{
	static const char *const telling[] = {"Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp:"};
	char path[64], line[1024];

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	FILE *status = fopen(path, "re");
	ret[0] = '\0';
	while (status && fgets(line, sizeof(line), status))
		for (size_t i = 0; i < COUNT(telling); i++)
			if (strncmp(line, telling[i], strlen(telling[i])) == 0)
				strncat(ret, line, size - strlen(ret) - 1);
	if (status)
		fclose(status);
}

static bool is_same_link(const char *pid, const char *name)
{
	char path[64], mine[PATH_MAX], theirs[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	ssize_t len = readlink(path, mine, sizeof(mine));
	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	return len > 0 && readlink(path, theirs, sizeof(theirs)) == len &&
	       memcmp(mine, theirs, (size_t)len) == 0;
}

static pid_t process_at(int connection)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? 0 : peer.pid;
}

/* Whether a child of that process can be what this one is. */
static bool is_like(pid_t server)
{
	static const char *const links[] = {"ns/net", "ns/user", "ns/pid", "ns/ipc", "root"};
	char pid[32], mine[4096], theirs[4096];

	snprintf(pid, sizeof(pid), "%ld", (long)server);
	rights_of("self", mine, sizeof(mine));
	rights_of(pid, theirs, sizeof(theirs));
	if (strcmp(mine, theirs) != 0)
		return false;
	for (size_t i = 0; i < COUNT(links); i++)
		if (!is_same_link(pid, links[i]))
			return false;
	return true;
}

/* A connection to the fork server of that name; -1 with errno. */
static int reach(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int folder = open(KIMI_MEMCHECK "/servers", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error = 0;

	/* The folder's own path may be longer than that of a socket can be. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder, name);
	if (folder < 0 || fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		error = errno;
	close(folder);
	if (!error)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

/* False: it is too long. */
static bool add(char *message, size_t *len, const char *string)
{
	size_t size = strlen(string) + 1;

	if (size > CALL_SIZE - *len)
		return false;
	memcpy(message + *len, string, size);
	*len += size;
	return true;
}

/* What is open here, but for `connection`. False: the fork could not have it. */
static bool list_fds(struct call *call, int connection)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	bool fits = folder != NULL;

	while (fits && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] == '.' || fd == connection || fd == dirfd(folder))
			continue;
		fits = fd <= CALL_MAX_FD && call->fd_count < CALL_FDS;
		if (fits)
			call->fds[call->fd_count++] = fd;
	}
	if (folder)
		closedir(folder);
	return fits;
}

static void list_state(struct call *call, pid_t server, const sigset_t *blocked)
{
	char pid[32];

	snprintf(pid, sizeof(pid), "%ld", (long)server);
	call->has_mounts = !is_same_link(pid, "ns/mnt");
	call->umask = umask(0);
	umask(call->umask);
	call->group = getsid(0) == getsid(server) ? getpgrp() : 0;
	call->blocked = *blocked;
	sigemptyset(&call->ignored);
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;
		if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			sigaddset(&call->ignored, i);
	}
	for (int i = 0; i < (int)RLIM_NLIMITS; i++)
		getrlimit((__rlimit_resource_t)i, &call->limits[i]);
}

/* False: it cannot be sent whole. */
static bool send_call(int connection, const struct call *call, void *message, size_t len)
{
	int fds[CALL_ALL_FDS] = {open(".", O_PATH | O_CLOEXEC)};
	int own = 1;
	union {
		char space[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr header;
	} control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {message, len};

	if (call->has_mounts)
		fds[own++] = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	memcpy(fds + own, call->fds, (size_t)call->fd_count * sizeof(int));
	size_t size = (size_t)(own + call->fd_count) * sizeof(int);
	control.header.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.header), fds, size);
	struct msghdr header = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(size)};
	/* One that could not be opened is not sent. */
	bool is_sent = sendmsg(connection, &header, MSG_NOSIGNAL) == (ssize_t)len;
	while (own > 0)
		close(fds[--own]);
	return is_sent;
}

static bool call(int connection, const char *exe, int argc, char **argv, const sigset_t *blocked)
{
	static char message[CALL_SIZE];
	struct call call = {.argc = argc};
	size_t len = sizeof(call);
	pid_t server = process_at(connection);
	bool fits = !getenv("KIMI_TEST_ANEW") && is_like(server) && list_fds(&call, connection) &&
	            add(message, &len, exe);

	for (int i = 0; fits && i < argc; i++)
		fits = add(message, &len, argv[i]);
	for (; fits && environ[call.envc]; call.envc++)
		fits = add(message, &len, environ[call.envc]);
	list_state(&call, server, blocked);
	memcpy(message, &call, sizeof(call));
	return fits && send_call(connection, &call, message, len);
}

static bool hear(int connection, int *ret)
{
	ssize_t n;

	while ((n = recv(connection, ret, sizeof(*ret), 0)) < 0 && errno == EINTR)
		;
	return n == sizeof(*ret);
}

/* What reads from a pipe of the program's waits for us, too. */
static void let_go_of_all(int connection)
{
	for (int fd = 0; fd <= CALL_MAX_FD; fd++)
		if (fd != connection)
			close(fd);
}

static void forward_all_signals(void)
{
	struct sigaction action = {.sa_handler = forward};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		if (i != SIGCHLD)
			sigaction(i, &action, NULL); /* fails for those that nothing can be done about */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int end_like(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 125;
}

int main(int argc, char **argv)
{
	char exe[PATH_MAX] = "", path[PATH_MAX];
	sigset_t all, blocked;
	int status;

	prctl(PR_SET_NAME, "caller"); /* for is_asleep in the tests: not yet the program */
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return give_up("/proc/self/exe");
	const char *name = strrchr(exe, '/') + 1;
	/* What is watched has a slower clock (tests/hook.c), lest it run out of time; but for a test that says otherwise. */
	bool has_clock = getenv("KIMI_TEST_SLOWED");
	setenv("KIMI_TEST_SLOWED", "0.3", false);
	int connection = reach(name);
	if (connection < 0)
		return give_up(name);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &blocked);
	if (!call(connection, exe, argc, argv, &blocked)) {
		write_down("direct", name);
		sigprocmask(SIG_SETMASK, &blocked, NULL);
		snprintf(path, sizeof(path), "%s/direct/%s", KIMI_MEMCHECK, name);
		setenv("KIMI_TEST_EXE", exe, true);
		if (!has_clock)
			setenv("KIMI_TEST_SLOWED", "0.1", true); /* with all that it takes to start */
		execv(path, argv);
		return give_up(path);
	}
	write_down("forked", name);
	if (!hear(connection, &callee))
		return give_up("the fork server did not answer");
	let_go_of_all(connection);
	forward_all_signals();
	snprintf(path, sizeof(path), "at %ld", (long)callee);
	prctl(PR_SET_NAME, path); /* for the same: where it is */
	if (hear(connection, &status))
		return end_like(status);
	write_down("lost", name);
	return 125;
}
