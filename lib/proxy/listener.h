/*
 * listener: where the proxy listens: a loopback address, a Unix socket, or what the
 * service manager opened. Never an address that another machine reaches.
 */
#ifndef KIMI_PROXY_LISTENER_H
#define KIMI_PROXY_LISTENER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { LISTENERS_MAX = 8, LISTENER_PATH_MAX = 108 };

struct listener {
	int fd;                         /* listening, close-on-exec, not blocking */
	char host[64];                  /* what Host is then: "127.0.0.1:8080", "localhost" of a socket */
	char other_host[64];            /* likewise; "": none */
	char url[80];                   /* "http://127.0.0.1:8080" */
	char path[LISTENER_PATH_MAX];   /* of a Unix socket that we made and remove; else "" */
	char socket[LISTENER_PATH_MAX]; /* of a Unix socket; else "" */
	dev_t device;                   /* of `path` */
	ino_t inode;
};

/* "127.0.0.1:PORT" or "[::1]:PORT"; port 0 is a free one. ERR_USAGE for anything else, ERR_FAILED if it is taken. */
int listener_open_tcp(struct listener *ret_listener, const char *address, struct err *err);

/* ERR_USAGE for an address that listener_open_tcp() does not take. */
int listener_check_tcp(const char *address, struct err *err);

/*
 * A socket with mode 0600 in a directory that is the user's and that no other can
 * write to. One that nobody listens on is replaced. ERR_CONFIG, ERR_FAILED.
 */
int listener_open_unix(struct listener *ret_listener, const char *path, struct err *err);

/*
 * Those of LISTEN_FDS (sd_listen_fds(3)), if LISTEN_PID is this process; removes the
 * variables. -1: one of them does not listen on loopback or on a Unix socket (ERR_CONFIG).
 */
int listener_inherit(struct listener ret_listeners[LISTENERS_MAX], size_t *ret_count, struct err *err);

/* Closes it, and removes the socket that listener_open_unix() made unless another has taken its place. */
void listener_close(struct listener *listener);

#endif
