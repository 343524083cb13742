/*
 * hook: failing system calls, a wrong clock and fast time. For LD_PRELOAD; it has no effect on a static
 * program. Environment:
 *
 *   KIMI_TEST_FAIL=CALL:N:ERROR    the Nth call of CALL on a path under $HOME fails with errno ERROR; with N+
 *                                  all from there on. A write that fails has written half of its data.
 *                                  ERROR 0: the process is killed before it makes that call.
 *   KIMI_TEST_FAIL_LOG=FILE        gets a line for each call that was made to fail
 *   KIMI_TEST_FIXED_MODE=OCTAL     a file system without permissions under $HOME: each file created there
 *                                  has that mode, and fchmod() is ignored; with "!" after the number it fails
 *   KIMI_TEST_CLOCK=SECONDS        the wall clock is that much fast (negative: slow)
 *   KIMI_TEST_SPEED=FACTOR         the monotonic clock runs that many times faster, and waits are shorter
 *   KIMI_TEST_SLOWED=FACTOR        the same for every program; the two are multiplied
 *   KIMI_TEST_LOOKUP=CODE          names do not resolve: getaddrinfo() returns CODE, or with "hang" never
 *   KIMI_TEST_STARTED=FILE         gets a line for each program that is started by its path, with the current
 *                                  size of the file that is standard error
 *   KIMI_TEST_NODE=NAME            the name that uname() gives this machine
 *
 * CALL is open, write, fsync, ftruncate, fallocate, fchmod, chmod, rename, link, unlink or mkdir.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

/* Not write(), which may be the one below. */
static void log_failure(const char *call, const char *path)
{
	const char *log = getenv("KIMI_TEST_FAIL_LOG");
	int fd = log ? REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (fd < 0)
		return;
	char line[PATH_MAX + 32];
	int len = snprintf(line, sizeof(line), "%s %s\n", call, path);
	syscall(SYS_write, fd, line, (size_t)len);
	close(fd);
}

static bool is_under_home(const char *path)
{
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;

	return len && strncmp(path, home, len) == 0 && path[len] == '/';
}

/* Whether this call must fail; sets errno then. */
static bool fails(const char *call, const char *path)
{
	static int calls;
	const char *rule = getenv("KIMI_TEST_FAIL");
	size_t len = strlen(call);
	char *rest;

	if (!rule || strncmp(rule, call, len) != 0 || rule[len] != ':' || !is_under_home(path))
		return false;
	long nth = strtol(rule + len + 1, &rest, 10);
	bool later = *rest == '+';
	int now = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
	if (later ? now < nth : now != nth)
		return false;
	log_failure(call, path);
	errno = atoi(rest + later + 1);
	if (!errno)
		kill(getpid(), SIGKILL);
	return true;
}

static bool fails_on(const char *call, int fd)
{
	char link[40], path[PATH_MAX];

	if (!getenv("KIMI_TEST_FAIL"))
		return false;
	int saved = errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	errno = saved;
	if (len < 0)
		return false;
	path[len] = '\0';
	return fails(call, path);
}

int open(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (fails("open", path))
		return -1;
	int fd = REAL(open)(path, flags, mode);
	const char *fixed = getenv("KIMI_TEST_FIXED_MODE");
	if (fd >= 0 && fixed && (flags & O_EXCL) && is_under_home(path))
		syscall(SYS_fchmod, fd, (mode_t)strtol(fixed, NULL, 8));
	return fd;
}

/* What fortified programs call if they pass no mode. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	if (!fails_on("write", fd))
		return syscall(SYS_write, fd, bytes, len);
	int error = errno;
	if (len > 1)
		syscall(SYS_write, fd, bytes, len / 2);
	errno = error;
	return -1;
}

int fsync(int fd)
{
	return fails_on("fsync", fd) ? -1 : REAL(fsync)(fd);
}

int ftruncate(int fd, off_t len)
{
	return fails_on("ftruncate", fd) ? -1 : REAL(ftruncate)(fd, len);
}

int fallocate(int fd, int mode, off_t at, off_t len)
{
	return fails_on("fallocate", fd) ? -1 : REAL(fallocate)(fd, mode, at, len);
}

/* Returns its error, and does not set errno. */
int posix_fallocate(int fd, off_t at, off_t len)
{
	return fails_on("fallocate", fd) ? errno : REAL(posix_fallocate)(fd, at, len);
}

int fchmod(int fd, mode_t mode)
{
	const char *fixed = getenv("KIMI_TEST_FIXED_MODE");

	if (fixed && strchr(fixed, '!')) {
		errno = EPERM;
		return -1;
	}
	if (fixed)
		return 0;
	return fails_on("fchmod", fd) ? -1 : REAL(fchmod)(fd, mode);
}

int chmod(const char *path, mode_t mode)
{
	char opened[PATH_MAX];
	ssize_t len = strncmp(path, "/proc/self/fd/", 14) ? -1 : readlink(path, opened, sizeof(opened) - 1);

	if (len >= 0)
		opened[len] = '\0';
	return fails("chmod", len < 0 ? path : opened) ? -1 : REAL(chmod)(path, mode);
}

int rename(const char *from, const char *to)
{
	return fails("rename", to) ? -1 : REAL(rename)(from, to);
}

int link(const char *from, const char *to)
{
	return fails("link", to) ? -1 : REAL(link)(from, to);
}

int unlink(const char *path)
{
	return fails("unlink", path) ? -1 : REAL(unlink)(path);
}

int mkdir(const char *path, mode_t mode)
{
	return fails("mkdir", path) ? -1 : REAL(mkdir)(path, mode);
}

static double number(const char *name, double otherwise)
{
	const char *value = getenv(name);

	return value ? strtod(value, NULL) : otherwise;
}

static double speed(void)
{
	return number("KIMI_TEST_SPEED", 1) * number("KIMI_TEST_SLOWED", 1);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static long long starts[2];
	int failed = (int)syscall(SYS_clock_gettime, clock, now);

	if (failed)
		return failed;
	if (clock == CLOCK_REALTIME)
		now->tv_sec += (time_t)number("KIMI_TEST_CLOCK", 0);
	/* libcurl uses CLOCK_MONOTONIC_RAW if it exists. */
	if ((clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_RAW) || speed() == 1)
		return 0;
	long long *start = &starts[clock == CLOCK_MONOTONIC_RAW];
	long long real = now->tv_sec * 1000000000LL + now->tv_nsec, first = 0;
	__atomic_compare_exchange_n(start, &first, real, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	first = __atomic_load_n(start, __ATOMIC_SEQ_CST);
	long long shown = first + (long long)((double)(real - first) * speed());
	*now = (struct timespec){.tv_sec = shown / 1000000000, .tv_nsec = shown % 1000000000};
	return 0;
}

time_t time(time_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ret)
		*ret = now.tv_sec;
	return now.tv_sec;
}

static int shorter(int milliseconds)
{
	return milliseconds > 0 ? (int)((milliseconds + speed() - 1) / speed()) : milliseconds;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return REAL(poll)(fds, count, shorter(timeout));
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	(void)size;
	return poll(fds, count, timeout);
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
	return REAL(epoll_wait)(epoll, events, count, shorter(timeout));
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	const char *lookup = getenv("KIMI_TEST_LOOKUP");
	bool is_name = node && strspn(node, "0123456789.") != strlen(node) && !strchr(node, ':');

	if (!lookup || !*lookup || !is_name)
		return REAL(getaddrinfo)(node, service, hints, ret);
	while (strcmp(lookup, "hang") == 0)
		pause();
	return atoi(lookup);
}

int posix_spawn(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
	const char *log = getenv("KIMI_TEST_STARTED");
	FILE *out = log ? fopen(log, "a") : NULL;
	struct stat st;

	if (out && fstat(STDERR_FILENO, &st) == 0)
		fprintf(out, "%s %lld\n", file, (long long)st.st_size);
	if (out)
		fclose(out);
	return REAL(posix_spawn)(pid, file, actions, attributes, argv, env);
}

int uname(struct utsname *ret)
{
	const char *node = getenv("KIMI_TEST_NODE");
	int failed = REAL(uname)(ret);

	if (!failed && node)
		snprintf(ret->nodename, sizeof(ret->nodename), "%s", node);
	return failed;
}
