#include "http/stream_sockets.h"

#include "base/clock.h"
#include "base/memory.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 1000 };

/*
 * A socket of libcurl's. That of a connection stays in the loop while the connection is idle, which it
 * usually is for a moment only: two system calls less for each request.
 */
struct stream_socket {
	struct stream_sockets *sockets;
	curl_socket_t fd;
	struct loop_watch watch; /* its fd is -1 while it is not in the loop */
	uint32_t events;
	bool is_kept;   /* in sockets->first, until it is closed */
	bool is_idle;   /* libcurl does not ask for its events */
	bool is_unused; /* its last response has ended; else the transfer pauses */
	struct stream_socket *next;
};

static void sockets_act(struct stream_sockets *sockets, curl_socket_t socket, int action)
{
	int running;

	curl_multi_socket_action(sockets->multi, socket, action, &running);
	sockets->acted(sockets->context);
}

/*
 * The server has closed an unused connection, or sent what would be taken for the next response (RFC 9112
 * section 9.2). libcurl sees that it has ended when it is about to use it, but only if there is nothing
 * left to read.
 */
static void sockets_end(const struct stream_socket *socket)
{
	char bytes[4096];

	socket->sockets->ended_at = clock_ms();
	shutdown(socket->fd, SHUT_RDWR);
	for (int i = 0; i < 64 && recv(socket->fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0; i++)
		continue;
}

static void sockets_ready(void *context, uint32_t events)
{
	struct stream_socket *socket = context;
	int action = 0;

	if (socket->is_idle && socket->is_unused)
		sockets_end(socket);
	if (socket->is_idle) {
		loop_remove(socket->sockets->loop, &socket->watch);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP))
		action |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		action |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		action |= CURL_CSELECT_ERR;
	sockets_act(socket->sockets, socket->watch.fd, action);
}

static void sockets_timer_fired(void *context)
{
	sockets_act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int sockets_set_timer(CURLM *multi, long milliseconds, void *context)
{
	struct stream_sockets *sockets = context;

	(void)multi;
	loop_set_timer(&sockets->timer, milliseconds);
	return 0;
}

static struct stream_socket **sockets_find(struct stream_sockets *sockets, curl_socket_t fd)
{
	struct stream_socket **at = &sockets->first;

	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	return at;
}

static struct stream_socket *sockets_new(struct stream_sockets *sockets, curl_socket_t fd)
{
	struct stream_socket *socket = memory_take(sizeof(*socket));

	*socket = (struct stream_socket){.sockets = sockets, .fd = fd, .watch.fd = -1};
	return socket;
}

static curl_socket_t sockets_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct stream_sockets *sockets = context;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	/* libcurl closes a connecting socket without a word, so one with this number is gone. */
	struct stream_socket *kept = *sockets_find(sockets, fd);
	if (kept) {
		loop_remove(sockets->loop, &kept->watch);
	} else {
		kept = sockets_new(sockets, fd);
		kept->next = sockets->first;
		sockets->first = kept;
	}
	kept->is_kept = kept->is_idle = true;
	kept->is_unused = false;
	return fd;
}

static void sockets_forget_socket(struct stream_sockets *sockets, struct stream_socket **at)
{
	struct stream_socket *socket = *at;

	*at = socket->next;
	loop_remove(sockets->loop, &socket->watch);
	free(socket);
}

static int sockets_close_socket(void *context, curl_socket_t fd)
{
	struct stream_sockets *sockets = context;
	struct stream_socket **at = sockets_find(sockets, fd);

	if (*at)
		sockets_forget_socket(sockets, at);
	return close(fd);
}

/*
 * A connection stays in the loop. A socket that was still connecting does not: libcurl closes it without a
 * word, and its number can be that of a client before its last event is looked at.
 */
static void sockets_unwatch(struct stream_sockets *sockets, struct stream_socket *socket)
{
	socket->is_idle = true;
	if (socket->is_kept && !(socket->events & EPOLLOUT))
		return;
	loop_remove(sockets->loop, &socket->watch);
	if (!socket->is_kept)
		free(socket);
}

static int sockets_watch(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	struct stream_sockets *sockets = context;
	struct stream_socket *socket = assigned;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (socket)
			sockets_unwatch(sockets, socket);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	if (!socket) {
		socket = *sockets_find(sockets, fd);
		if (!socket) /* libcurl's own, which wakes us when a name was resolved */
			socket = sockets_new(sockets, fd);
		curl_multi_assign(sockets->multi, fd, socket);
	}
	socket->is_idle = socket->is_unused = false;
	if (socket->watch.fd >= 0 && socket->events == events)
		return 0;
	socket->events = events;
	if (socket->watch.fd >= 0)
		return loop_change(sockets->loop, &socket->watch, events);
	return loop_watch(sockets->loop, &socket->watch, fd, events, sockets_ready, socket);
}

void stream_sockets_open(struct stream_sockets *sockets)
{
	loop_add_timer(sockets->loop, &sockets->timer, sockets_timer_fired, sockets);
	curl_multi_setopt(sockets->multi, CURLMOPT_SOCKETFUNCTION, sockets_watch);
	curl_multi_setopt(sockets->multi, CURLMOPT_SOCKETDATA, sockets);
	curl_multi_setopt(sockets->multi, CURLMOPT_TIMERFUNCTION, sockets_set_timer);
	curl_multi_setopt(sockets->multi, CURLMOPT_TIMERDATA, sockets);
}

void stream_sockets_serve(struct stream_sockets *sockets, void *easy)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, sockets_open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sockets);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, sockets_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sockets);
}

void stream_sockets_set_unused(struct stream_sockets *sockets, void *easy)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd);
	struct stream_socket *socket = *sockets_find(sockets, fd);
	if (!socket || !socket->is_idle)
		return;
	socket->is_unused = true;
	if (socket->watch.fd >= 0)
		return;
	socket->events = EPOLLIN;
	loop_watch(sockets->loop, &socket->watch, fd, socket->events, sockets_ready, socket);
}

bool stream_sockets_are_doubtful(const struct stream_sockets *sockets)
{
	return sockets->ended_at && clock_ms() - sockets->ended_at <= LOOK_MS;
}

void stream_sockets_close(struct stream_sockets *sockets)
{
	while (sockets->first)
		sockets_forget_socket(sockets, &sockets->first);
	loop_forget_timer(sockets->loop, &sockets->timer);
}
