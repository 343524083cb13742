#include "proxy/listener.h"

#include "scratch.h"
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static void test_addresses(void)
{
	static const char *const good[] = {"127.0.0.1:0", "127.0.0.1:65535", "[::1]:8795"};
	static const char *const bad[] = {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
	    "127.0.0.1: 1", "127.0.0.1:1x", "127.0.0.2:1", "0.0.0.0:1", "[::]:1", "::1:1", "localhost:1",
	    "[::1]", "127.0.0.1:99999999999999999999"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct err err = {0};
		ok(listener_check_tcp(good[i], &err) == 0, "%s will do", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = {0};
		ok(listener_check_tcp(bad[i], &err) < 0 && err.code == ERR_USAGE, "'%s' will not", bad[i]);
	}
}

static void test_tcp(void)
{
	struct listener one, two;
	struct err err = {0};

	if (!ok(listener_open_tcp(&one, "127.0.0.1:0", &err) == 0, "a free port is found: %s", err.what))
		return;
	ok(strncmp(one.host, "127.0.0.1:", 10) == 0 && strcmp(one.host, "127.0.0.1:0") != 0,
	    "the host has its port: %s", one.host);
	ok(strncmp(one.url, "http://", 7) == 0 && strcmp(one.url + 7, one.host) == 0, "and so has the URL");
	ok(strcmp(strchr(one.other_host, ':'), strchr(one.host, ':')) == 0 &&
	        strncmp(one.other_host, "localhost:", 10) == 0,
	    "localhost is another name of it");
	ok(!*one.socket, "there is no path");
	ok(fcntl(one.fd, F_GETFD) & FD_CLOEXEC && fcntl(one.fd, F_GETFL) & O_NONBLOCK,
	    "it is closed in children and does not block");
	ok(listener_open_tcp(&two, one.host, &err) < 0 && err.code == ERR_FAILED && two.fd < 0,
	    "a port that is taken is an error: %s", err.what);
	listener_close(&one);
	ok(one.fd < 0, "it is closed");
	ok(listener_open_tcp(&two, "[::1]:0", &err) < 0 || strncmp(two.host, "[::1]:", 6) == 0,
	    "IPv6, where there is some");
	listener_close(&two);
}

static void test_unix(void)
{
	char path[LISTENER_PATH_MAX], too_long[LISTENER_PATH_MAX + 1];
	struct listener one, two;
	struct err err = {0};

	mkdir(scratch_path("own"), 0700);
	snprintf(path, sizeof(path), "%s", scratch_path("own/s"));
	if (!ok(listener_open_unix(&one, path, &err) == 0, "a socket is made: %s", err.what))
		return;
	ok(scratch_mode("own/s") == 0600, "it is closed to others");
	ok(strcmp(one.host, "localhost") == 0 && strcmp(one.url, "http://localhost") == 0 && !*one.other_host,
	    "its host is localhost");
	ok(one.inode && strcmp(one.socket, path) == 0, "it knows its path");
	ok(listener_open_unix(&two, path, &err) < 0 && err.code == ERR_FAILED && two.fd < 0,
	    "nobody else gets it: %s", err.what);
	remove(path);
	err = (struct err){0};
	ok(listener_open_unix(&two, path, &err) == 0, "one that was removed is made again: %s", err.what);
	listener_close(&one);
	ok(scratch_mode("own/s") == 0600, "who made the old one does not remove the new one");
	close(two.fd); /* as if its process had been killed */
	ok(listener_open_unix(&one, path, &err) == 0, "one that nobody listens on is replaced: %s", err.what);
	listener_close(&one);
	ok(scratch_mode("own/s") == -1, "who made it removes it");

	scratch_write("own/file", "x", 0600);
	ok(listener_open_unix(&two, scratch_path("own/file"), &err) < 0 && err.code == ERR_CONFIG &&
	        scratch_holds("own/file", "x"),
	    "a file is not replaced: %s", err.what);
	mkdir(scratch_path("open"), 0700);
	chmod(scratch_path("open"), 0770);
	ok(listener_open_unix(&two, scratch_path("open/s"), &err) < 0 && err.code == ERR_CONFIG,
	    "a directory that others can write to is none: %s", err.what);
	ok(listener_open_unix(&two, scratch_path("none/s"), &err) < 0 && err.code == ERR_CONFIG,
	    "nor is one that is not there: %s", err.what);
	ok(listener_open_unix(&two, "own/s", &err) < 0 && err.code == ERR_USAGE,
	    "a relative path is refused");
	memset(too_long, 'x', sizeof(too_long) - 1);
	*too_long = '/';
	too_long[sizeof(too_long) - 1] = '\0';
	ok(listener_open_unix(&two, too_long, &err) < 0 && err.code == ERR_USAGE,
	    "so is one of 108 characters");
}

/* In a child, whose descriptors from 3 on are a socket that is bound there; its return value is the status. */
static int inherit(const char *address, bool listens, const char *fds, bool is_for_us)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	struct listener listeners[LISTENERS_MAX];
	struct err err = {0};
	char pid[16];
	size_t count = 99;

	inet_pton(AF_INET, address, &at.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || (listens && listen(fd, 1) < 0))
		return 100;
	for (int i = 3; i <= 3 + LISTENERS_MAX; i++)
		if (dup2(fd, i) < 0)
			return 100;
	snprintf(pid, sizeof(pid), "%d", is_for_us ? (int)getpid() : 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", fds, 1);
	setenv("LISTEN_FDNAMES", "x", 1);
	int result = listener_inherit(listeners, &count, &err);
	bool is_unset = !getenv("LISTEN_PID") && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES");
	if (is_unset != is_for_us)
		return 101;
	if (result < 0)
		return err.code == ERR_CONFIG && count == 0 ? 50 : 102;
	if (count && (listeners[0].fd != 3 || strncmp(listeners[0].url, "http://127.0.0.1:", 17) != 0 ||
	                 listeners[0].inode || !(fcntl(3, F_GETFD) & FD_CLOEXEC)))
		return 103;
	return (int)count;
}

static void test_inherited(void)
{
	static const struct {
		const char *address;
		bool listens;
		const char *fds;
		bool is_for_us;
		int status;
		const char *what;
	} cases[] = {
	    {"127.0.0.1", true, "1", true, 1, "a socket of the service manager is taken"},
	    {"127.0.0.1", true, "1", false, 0, "that of another process is not"},
	    {"127.0.0.1", true, "0", true, 0, "there may be none"},
	    {"127.0.0.1", false, "1", true, 50, "one that does not listen is refused"},
	    {"0.0.0.0", true, "1", true, 50, "so is one that other machines reach"},
	    {"127.0.0.1", true, "9", true, 50, "nine are too many"},
	    {"127.0.0.1", true, "-1", true, 50, "less than none is refused"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int status = 0;
		fflush(stdout);
		pid_t child = fork();
		if (child == 0)
			_exit(inherit(cases[i].address, cases[i].listens, cases[i].fds, cases[i].is_for_us));
		ok(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
		        WEXITSTATUS(status) == cases[i].status,
		    "%s (%d)", cases[i].what, WEXITSTATUS(status));
	}
}

int main(void)
{
	scratch_open();
	test_addresses();
	test_tcp();
	test_unix();
	test_inherited();
	scratch_close();
	return tap_done();
}
