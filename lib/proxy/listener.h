/*
 * listener: where the proxy listens: a loopback address, a Unix socket, or the sockets
 * of the service manager. Never an address that another machine can reach.
 */
#ifndef KIMI_PROXY_LISTENER_H
#define KIMI_PROXY_LISTENER_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

enum { LISTENERS_MAX = 8, LISTENER_PATH_MAX = 108 };

struct listener {
	int fd;              /* listening, close-on-exec, non-blocking */
	char host[64];       /* the Host of requests: "127.0.0.1:8080", "localhost" for a Unix socket */
	char other_host[64]; /* another Host; "": none */
	char url[80];        /* "http://127.0.0.1:8080" */
	char socket[LISTENER_PATH_MAX]; /* of a Unix socket; else "" */
	dev_t device;                   /* of a Unix socket that we made and will remove */
	ino_t inode;                    /* of the same; else 0 */
};

/*
 * Listens on "127.0.0.1:PORT" or "[::1]:PORT"; port 0 picks a free one. ERR_USAGE for any other address,
 * ERR_FAILED if the port is taken.
 */
int listener_open_tcp(struct listener *ret_listener, const char *address, struct err *err);

/* ERR_USAGE for an address or a path that listener_open_tcp() or listener_open_unix() would refuse. */
int listener_check_tcp(const char *address, struct err *err);
int listener_check_unix(const char *path, struct err *err);

/*
 * Listens on a Unix socket with mode 0600. The directory must be the user's and closed
 * to other writers. A socket that nobody listens on is replaced. ERR_CONFIG, ERR_FAILED.
 */
int listener_open_unix(struct listener *ret_listener, const char *path, struct err *err);

/*
 * Takes the sockets of LISTEN_FDS (sd_listen_fds(3)) if LISTEN_PID is this process, and
 * removes the variables. ERR_CONFIG if a socket is neither on loopback nor a Unix socket.
 */
int listener_inherit(struct listener ret_listeners[LISTENERS_MAX], size_t *ret_count, struct err *err);

/* Closes the listener. Removes its Unix socket, unless another has replaced it. */
void listener_close(struct listener *listener);

#endif
