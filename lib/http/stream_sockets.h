/*
 * stream_sockets: the sockets and the timer of a libcurl multi handle, in a loop. For
 * lib/http only. The handles of libcurl are void here, so that no header includes libcurl's.
 */
#ifndef KIMI_HTTP_STREAM_SOCKETS_H
#define KIMI_HTTP_STREAM_SOCKETS_H

#include "base/loop.h"

#include <stdbool.h>

struct stream_socket;

struct stream_sockets {
	struct loop *loop;
	void *multi;                  /* a CURLM, not owned */
	void (*acted)(void *context); /* is called whenever libcurl has done something */
	void *context;
	struct loop_timer timer;     /* set it to let libcurl act */
	struct stream_socket *first; /* of the connections */
	long long ended_at;          /* clock_ms() when a server last ended an unused connection; 0: never */
};

/* Begins; loop, multi, acted and context are set. The struct must not move then. */
void stream_sockets_open(struct stream_sockets *sockets);

/* Makes a CURL handle use them. */
void stream_sockets_serve(struct stream_sockets *sockets, void *easy);

/* The connection of this handle has carried a whole response: what comes next belongs to no request. */
void stream_sockets_set_unused(struct stream_sockets *sockets, void *easy);

/*
 * A server has just ended an unused connection, which libcurl could still use: since 8.22 it checks a
 * connection at most once a second. So open a new one.
 */
bool stream_sockets_are_doubtful(const struct stream_sockets *sockets);

/* Call it after curl_multi_cleanup(). */
void stream_sockets_close(struct stream_sockets *sockets);

#endif
