#include "proxy/listener.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/lock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 512, FIRST_INHERITED = 3, LOCK_MS = 5000 };

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un un;
};

static int address_parse(const char *text, union address *ret_address, socklen_t *ret_len)
{
	static const char four[] = "127.0.0.1:", six[] = "[::1]:";
	const char *digits = NULL;
	char *end;

	memset(ret_address, 0, sizeof(*ret_address));
	if (strncmp(text, four, sizeof(four) - 1) == 0) {
		digits = text + sizeof(four) - 1;
		ret_address->four.sin_family = AF_INET;
		ret_address->four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		*ret_len = sizeof(ret_address->four);
	} else if (strncmp(text, six, sizeof(six) - 1) == 0) {
		digits = text + sizeof(six) - 1;
		ret_address->six.sin6_family = AF_INET6;
		ret_address->six.sin6_addr = in6addr_loopback;
		*ret_len = sizeof(ret_address->six);
	}
	if (!digits || *digits < '0' || *digits > '9')
		return -1;
	unsigned long port = strtoul(digits, &end, 10);
	if (*end || port > 65535)
		return -1;
	if (ret_address->any.sa_family == AF_INET)
		ret_address->four.sin_port = htons((uint16_t)port);
	else
		ret_address->six.sin6_port = htons((uint16_t)port);
	return 0;
}

int listener_check_tcp(const char *address, struct err *err)
{
	union address parsed;
	socklen_t len;

	if (address_parse(address, &parsed, &len) == 0)
		return 0;
	return err_set(err, ERR_USAGE, "use 127.0.0.1:PORT or [::1]:PORT; other machines must not reach it",
	    "--listen: cannot listen on '%.80s'", address);
}

/* Fills in the names that clients use. Returns false if other machines can reach the socket. */
static bool listener_describe(struct listener *listener, const union address *address)
{
	const struct sockaddr_un *un = &address->un;

	if (address->any.sa_family == AF_INET && address->four.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
		unsigned port = ntohs(address->four.sin_port);
		snprintf(listener->host, sizeof(listener->host), "127.0.0.1:%u", port);
		snprintf(listener->other_host, sizeof(listener->other_host), "localhost:%u", port);
	} else if (address->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->six.sin6_addr)) {
		unsigned port = ntohs(address->six.sin6_port);
		snprintf(listener->host, sizeof(listener->host), "[::1]:%u", port);
		snprintf(listener->other_host, sizeof(listener->other_host), "localhost:%u", port);
	} else if (un->sun_family == AF_UNIX && *un->sun_path == '/') {
		snprintf(listener->host, sizeof(listener->host), "localhost");
		snprintf(listener->socket, sizeof(listener->socket), "%.107s", un->sun_path);
	} else {
		return false;
	}
	snprintf(listener->url, sizeof(listener->url), "http://%s", listener->host);
	return true;
}

/* Returns false if the socket does not listen, or not on loopback. */
static bool listener_learn(struct listener *listener)
{
	union address address = {0};
	socklen_t len = sizeof(address), option_len = sizeof(int);
	int accepts = 0;

	return getsockopt(listener->fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &option_len) == 0 && accepts &&
	       getsockname(listener->fd, &address.any, &len) == 0 && listener_describe(listener, &address);
}

static int listener_bind(struct listener *listener, const union address *address, socklen_t len)
{
	int yes = 1;

	listener->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -1;
	if (address->any.sa_family != AF_UNIX)
		setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener->fd, &address->any, len) < 0 || listen(listener->fd, BACKLOG) < 0)
		return -1;
	return 0;
}

int listener_open_tcp(struct listener *ret_listener, const char *address, struct err *err)
{
	union address parsed;
	socklen_t len = 0;

	*ret_listener = (struct listener){.fd = -1};
	if (address_parse(address, &parsed, &len) < 0)
		return listener_check_tcp(address, err);
	if (listener_bind(ret_listener, &parsed, len) == 0 && listener_learn(ret_listener))
		return 0;
	const char *hint = "choose another port";
	if (errno == EADDRINUSE)
		hint = "another program uses that port; choose another one";
	err_errno(err, ERR_FAILED, hint, "cannot listen on %.80s", address);
	listener_close(ret_listener);
	return -1;
}

/*
 * Checks the directory of the path, and locks it until the returned descriptor is closed: two proxies that
 * start at once must not take each other's new socket for one that was left.
 */
static int lock_directory(const char *path, struct err *err)
{
	static const char hint[] = "choose a directory of your own with mode 0700";

	char directory[LISTENER_PATH_MAX];
	struct stat st;

	snprintf(directory, sizeof(directory), "%s", path);
	char *slash = strrchr(directory, '/');
	slash[slash == directory] = '\0';
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, ERR_CONFIG, errno == ENOENT ? "create the directory first" : hint,
		    "cannot use %s", directory);
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022))
		err_set(err, ERR_CONFIG, hint, "others can change what is in %s", directory);
	else if (lock_descriptor(fd, directory, clock_ms() + LOCK_MS, err) == 0 || err->code == ERR_STORAGE)
		return fd; /* also on a file system without locks */
	close(fd);
	return -1;
}

/* Returns 0 once the path is free: a socket that nobody listens on is removed. */
static int clear_path(const char *path, const union address *address, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_errno(err, ERR_CONFIG, "choose another path", "cannot use %s", path);
	}
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG, "choose another path", "%s exists and is not a socket", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result = fd < 0 ? 0 : connect(fd, &address->any, sizeof(address->un));
	bool is_dead = result < 0 && errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	if (!is_dead)
		return err_set(err, ERR_FAILED, "choose another path", "another program listens on %s", path);
	if (unlink(path) < 0)
		return err_errno(err, ERR_FAILED, NULL, "cannot remove %s", path);
	return 0;
}

int listener_check_unix(const char *path, struct err *err)
{
	if (*path == '/' && strlen(path) < LISTENER_PATH_MAX)
		return 0;
	return err_set(err, ERR_USAGE, "use an absolute path of at most 107 characters",
	    "--socket: cannot listen on '%.120s'", path);
}

static int listener_bind_path(struct listener *listener, const union address *address, struct err *err)
{
	const char *path = address->un.sun_path;
	struct stat st;

	if (clear_path(path, address, err) < 0)
		return -1;
	mode_t mask = umask(0177);
	int result = listener_bind(listener, address, sizeof(address->un));
	umask(mask);
	if (result < 0 || lstat(path, &st) < 0 || !listener_learn(listener))
		return err_errno(err, ERR_FAILED, "choose another path", "cannot listen on %s", path);
	listener->device = st.st_dev;
	listener->inode = st.st_ino;
	return 0;
}

int listener_open_unix(struct listener *ret_listener, const char *path, struct err *err)
{
	union address address = {.un = {.sun_family = AF_UNIX}};

	*ret_listener = (struct listener){.fd = -1};
	if (listener_check_unix(path, err) < 0)
		return -1;
	memcpy(address.un.sun_path, path, strlen(path));
	int directory = lock_directory(path, err);
	if (directory < 0)
		return -1;
	int result = listener_bind_path(ret_listener, &address, err);
	close(directory);
	if (result < 0)
		listener_close(ret_listener);
	return result;
}

int listener_inherit(struct listener ret_listeners[LISTENERS_MAX], size_t *ret_count, struct err *err)
{
	const char *pid = env_get("LISTEN_PID"), *fds = env_get("LISTEN_FDS");
	long count = fds ? strtol(fds, NULL, 10) : 0;
	int result = 0;

	*ret_count = 0;
	if (!pid || strtol(pid, NULL, 10) != getpid())
		return 0;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (count < 0 || count > LISTENERS_MAX)
		return err_set(err, ERR_CONFIG, "pass fewer sockets", "LISTEN_FDS passes %ld sockets", count);
	for (int i = 0; i < count && result == 0; i++) {
		struct listener *listener = &ret_listeners[i];
		*listener = (struct listener){.fd = FIRST_INHERITED + i};
		fcntl(listener->fd, F_SETFD, FD_CLOEXEC);
		fcntl(listener->fd, F_SETFL, fcntl(listener->fd, F_GETFL) | O_NONBLOCK);
		if (!listener_learn(listener))
			result = err_set(err, ERR_CONFIG, "set ListenStream to 127.0.0.1:PORT or a path",
			    "socket %d of the service manager does not listen on loopback", listener->fd);
	}
	if (result == 0)
		*ret_count = (size_t)count;
	return result;
}

void listener_close(struct listener *listener)
{
	struct stat st;

	if (listener->inode && lstat(listener->socket, &st) == 0 && st.st_dev == listener->device &&
	    st.st_ino == listener->inode)
		unlink(listener->socket);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}
