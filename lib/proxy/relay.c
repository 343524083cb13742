#include "proxy/relay.h"

#include "base/footprint.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/signals.h"
#include "http/stream.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
	CONNECTIONS_MAX = 1024,
	CONNECTIONS_SPARE = 32,        /* of them, for new ones while strangers hold the others */
	CONNECTION_MEMORY = 16 * 1024, /* for the head and a piece of a body */
	HEADS_SPARE = 512,             /* of it, for what libmicrohttpd adds to a head */
	MANY = 32,                     /* requests at once, from which on the heap is trimmed */
	TRIM_MS = 1000,                /* between two trims */
	TIMEOUT_MS = 60000,
	IDLE_S = 1200,        /* of a client that has the key */
	STRANGER_IDLE_S = 30, /* of one that has not shown it yet */
	FULL_MS = 100,        /* to the next accept after descriptors ran out */
	ROUNDS = 64,          /* of work, between two looks at the descriptors */
	STUCK_ROUNDS = 100,   /* of libmicrohttpd that read and wrote no body */
	STUCK_MS = 10         /* to its next one then */
};

/* A listening socket. */
struct doorway {
	struct relay *relay;
	struct loop_watch watch;
	struct guard_rules rules;
};

/* A connection. */
struct peer {
	const struct doorway *doorway;
	struct loop_watch watch;
	struct exchange *exchange; /* NULL: it is idle */
	bool has_key;              /* it has shown the key */
	bool has_left;
	struct peer *next, **link;
};

struct relay {
	struct relay_options options;
	struct loop loop;
	struct MHD_Daemon *daemon;
	struct loop_watch daemon_watch, signal_watch, watched_watch;
	struct loop_timer daemon_timer, end_timer, full_timer, trim_timer;
	struct token_source source;
	struct exchanges exchanges;
	struct doorway doorways[LISTENERS_MAX];
	struct peer *peers; /* the newest first */
	size_t peer_count;
	const struct doorway *accepting; /* while a connection is handed over */
	bool ending, ended;
};

/* ---- libmicrohttpd's callbacks */

/*
 * A close and a half-close look the same here; both end the request. libmicrohttpd misses an end that
 * arrives together with the last bytes, but not that the socket is shut for reading.
 */
static void peer_hung_up(void *context, uint32_t events)
{
	struct peer *peer = context;

	(void)events;
	peer->has_left = true;
	if (peer->exchange)
		exchange_abort(peer->exchange);
	shutdown(peer->watch.fd, SHUT_RD);
}

/* Ends the oldest connection without the key, so that strangers cannot keep the user out. */
static void relay_make_space(struct relay *relay)
{
	struct peer *oldest = NULL;

	for (struct peer *peer = relay->peers; peer; peer = peer->next)
		if (!peer->has_key && !peer->has_left)
			oldest = peer;
	if (!oldest)
		return;
	oldest->has_left = true;
	shutdown(oldest->watch.fd, SHUT_RDWR);
}

static void relay_take_connection(void *context, struct MHD_Connection *connection, void **client_context,
    enum MHD_ConnectionNotificationCode code)
{
	struct relay *relay = context;
	struct peer *peer = *client_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
		    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (++relay->peer_count > CONNECTIONS_MAX - CONNECTIONS_SPARE)
			relay_make_space(relay);
		peer = memory_take_zeroed(1, sizeof(*peer));
		*client_context = peer;
		peer->doorway = relay->accepting;
		peer->next = relay->peers;
		peer->link = &relay->peers;
		if (peer->next)
			peer->next->link = &peer->next;
		relay->peers = peer;
		loop_watch(
		    &relay->loop, &peer->watch, info->connect_fd, EPOLLRDHUP | EPOLLET, peer_hung_up, peer);
	} else if (peer) {
		relay->peer_count--;
		loop_remove(&relay->loop, &peer->watch);
		*peer->link = peer->next;
		if (peer->next)
			peer->next->link = peer->link;
		free(peer);
		*client_context = NULL;
	}
}

static struct peer *relay_peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

/* Keeps the raw target, which libmicrohttpd later decodes and splits. */
static void *relay_take_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct relay *relay = context;
	struct peer *peer = relay_peer_of(connection);

	peer->exchange = exchange_new(&relay->exchanges, connection, target);
	return peer->exchange;
}

static size_t relay_keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

static enum MHD_Result relay_handle(void *context, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload_data, size_t *upload_data_size,
    void **request_context)
{
	struct exchange *exchange = *request_context;
	struct peer *peer = relay_peer_of(connection);
	bool was_authorized = exchange_is_authorized(exchange);

	(void)context;
	(void)url;
	(void)version;
	bool goes_on =
	    exchange_handle(exchange, &peer->doorway->rules, method, upload_data, upload_data_size);
	if (!was_authorized && exchange_is_authorized(exchange)) {
		peer->has_key = true;
		MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_S);
	}
	if (peer->has_left && exchange_is_authorized(exchange)) { /* before its last request was read */
		exchange_abort(exchange);
		return MHD_NO;
	}
	if (goes_on)
		return MHD_YES;
	return MHD_NO;
}

static void relay_complete(void *context, struct MHD_Connection *connection, void **request_context,
    enum MHD_RequestTerminationCode code)
{
	struct relay *relay = context;
	struct peer *peer = relay_peer_of(connection);

	if (*request_context)
		exchange_free(*request_context, code == MHD_REQUEST_TERMINATED_WITH_ERROR);
	*request_context = NULL;
	if (peer)
		peer->exchange = NULL;
	if (relay->ending && !relay->exchanges.count)
		relay->ended = true;
}

static void relay_say_nothing(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

/* ---- The loop's callbacks */

/* relay_turn() calls MHD_run(). */
static void relay_daemon_ready(void *context, uint32_t events)
{
	struct relay *relay = context;

	(void)events;
	relay->exchanges.woken = true;
}

static void relay_timer_fired(void *context)
{
	relay_daemon_ready(context, 0);
}

static void relay_stop_accepting(struct relay *relay)
{
	for (size_t i = 0; i < relay->options.count; i++)
		loop_remove(&relay->loop, &relay->doorways[i].watch);
}

static void relay_accept(void *context, uint32_t events);

static void relay_start_accepting(void *context)
{
	struct relay *relay = context;

	for (size_t i = 0; i < relay->options.count && !relay->ending; i++)
		loop_watch(&relay->loop, &relay->doorways[i].watch, relay->options.listeners[i].fd, EPOLLIN,
		    relay_accept, &relay->doorways[i]);
}

static void relay_accept(void *context, uint32_t events)
{
	struct doorway *doorway = context;
	struct relay *relay = doorway->relay;
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);
	int yes = 1;

	(void)events;
	int fd = accept4(doorway->watch.fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) {
		relay_stop_accepting(relay);
		loop_set_timer(&relay->full_timer, FULL_MS);
	}
	if (fd < 0)
		return;
	if (address.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	relay->accepting = doorway;
	MHD_add_connection(
	    relay->daemon, fd, (struct sockaddr *)&address, len); /* closes what it cannot take */
}

static void relay_end_now(void *context)
{
	struct relay *relay = context;

	relay->ended = true;
}

static void relay_signalled(void *context, uint32_t events)
{
	struct relay *relay = context;

	(void)events;
	loop_remove(&relay->loop, &relay->signal_watch);
	relay->ending = true;
	relay_stop_accepting(relay);
	for (size_t i = 0; i < relay->options.count; i++)
		listener_close(&relay->options.listeners[i]); /* refuse new connections at once */
	if (relay->exchanges.count)
		loop_set_timer(&relay->end_timer, relay->options.grace_ms);
	else
		relay->ended = true;
}

static void relay_watched_ended(void *context, uint32_t events)
{
	(void)events;
	relay_end_now(context);
}

/* ---- The whole */

static void relay_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int relay_start_daemon(struct relay *relay, struct err *err)
{
	relay->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
	    NULL, relay_handle, relay, MHD_OPTION_EXTERNAL_LOGGER, relay_say_nothing, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)STRANGER_IDLE_S,
	    MHD_OPTION_NOTIFY_CONNECTION, relay_take_connection, relay, MHD_OPTION_NOTIFY_COMPLETED,
	    relay_complete, relay, MHD_OPTION_URI_LOG_CALLBACK, relay_take_target, relay,
	    MHD_OPTION_UNESCAPE_CALLBACK, relay_keep_escapes, NULL, MHD_OPTION_END);
	if (!relay->daemon)
		return err_set(err, ERR_BUSY, "try again", "cannot start the HTTP server");
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(relay->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || loop_watch(&relay->loop, &relay->daemon_watch, info->epoll_fd, EPOLLIN,
	                 relay_daemon_ready, relay) < 0)
		return err_set(err, ERR_FAILED, NULL, "libmicrohttpd has no epoll");
	return 0;
}

static void relay_set_rules(struct relay *relay)
{
	for (size_t i = 0; i < relay->options.count; i++) {
		const struct listener *listener = &relay->options.listeners[i];
		relay->doorways[i] = (struct doorway){.relay = relay,
		    .watch.fd = -1,
		    .rules = {.key = relay->options.key, .hosts = {listener->host}}};
		if (*listener->other_host)
			relay->doorways[i].rules.hosts[1] = listener->other_host;
	}
}

static void relay_trim(void *context)
{
	(void)context;
	footprint_trim();
}

struct relay *relay_open(const struct relay_options *options, struct err *err)
{
	struct relay *relay = memory_take_zeroed(1, sizeof(*relay));

	footprint_limit();
	relay->options = *options;
	relay->signal_watch.fd = relay->watched_watch.fd = relay->daemon_watch.fd = -1;
	relay->exchanges.log = options->log;
	relay->exchanges.context = options->context;
	relay->exchanges.heads_max = CONNECTION_MEMORY - HEADS_SPARE;
	relay_raise_limit();
	relay_set_rules(relay);
	if (loop_open(&relay->loop, err) < 0)
		goto failed;
	loop_add_timer(&relay->loop, &relay->daemon_timer, relay_timer_fired, relay);
	loop_add_timer(&relay->loop, &relay->end_timer, relay_end_now, relay);
	loop_add_timer(&relay->loop, &relay->trim_timer, relay_trim, relay);
	loop_add_timer(&relay->loop, &relay->full_timer, relay_start_accepting, relay);
	token_source_open(&relay->source, &relay->loop, &options->login);
	relay->exchanges.source = &relay->source;
	relay->exchanges.streams = http_streams_open(&relay->loop, err);
	if (!relay->exchanges.streams || relay_start_daemon(relay, err) < 0)
		goto failed;
	if (signals_fd() >= 0)
		loop_watch(&relay->loop, &relay->signal_watch, signals_fd(), EPOLLIN, relay_signalled, relay);
	if (options->watched >= 0)
		loop_watch(&relay->loop, &relay->watched_watch, options->watched, EPOLLIN,
		    relay_watched_ended, relay);
	relay_start_accepting(relay);
	footprint_drop_code();
	return relay;
failed:
	relay_close(relay);
	return NULL;
}

/*
 * Before 1.0, libmicrohttpd asks to run again at once, in vain and until its idle time has passed, for a
 * connection whose buffer is full before the length of a chunk is complete.
 */
static void relay_run_daemon(struct relay *relay)
{
	MHD_UNSIGNED_LONG_LONG left;

	relay->exchanges.woken = false;
	MHD_run(relay->daemon);
	bool has_timeout = MHD_get_timeout(relay->daemon, &left) == MHD_YES;
	if (!has_timeout || left)
		relay->exchanges.idle_rounds = 0;
	if (!has_timeout)
		loop_set_timer(&relay->daemon_timer, -1);
	else if (left)
		loop_set_timer(&relay->daemon_timer, (long long)MIN(left, TIMEOUT_MS));
	else if (relay->exchanges.idle_rounds++ > STUCK_ROUNDS)
		loop_set_timer(&relay->daemon_timer, STUCK_MS);
	else
		relay->exchanges.woken = true;
}

/*
 * Waits, then does what is ready before it waits again, since each wait is a system call or two. The work
 * is limited: a server that never stops sending makes libcurl's timer fire each time.
 */
static void relay_turn(struct relay *relay)
{
	int rounds = 0;

	http_streams_tidy(relay->exchanges.streams);
	loop_turn(&relay->loop);
	do {
		exchanges_step(&relay->exchanges);
		if (relay->exchanges.woken)
			relay_run_daemon(relay);
	} while (rounds++ < ROUNDS &&
	         (loop_fire_timers(&relay->loop) || relay->exchanges.to_step || relay->exchanges.woken));
	if (relay->exchanges.to_step || relay->exchanges.woken)
		loop_set_timer(&relay->daemon_timer, 0);
	if (relay->exchanges.count >= MANY && !relay->trim_timer.due)
		loop_set_timer(&relay->trim_timer, TRIM_MS);
}

void relay_run(struct relay *relay)
{
	token_source_prefetch(&relay->source);
	while (!relay->ended)
		relay_turn(relay);
}

/* libmicrohttpd must not be stopped while one of its connections is suspended. */
void relay_close(struct relay *relay)
{
	for (struct peer *peer = relay->peers; peer; peer = peer->next)
		if (peer->exchange)
			exchange_abort(peer->exchange);
	if (relay->daemon) {
		MHD_run(relay->daemon);
		MHD_stop_daemon(relay->daemon);
	}
	http_streams_close(relay->exchanges.streams);
	if (relay->source.loop)
		token_source_close(&relay->source);
	loop_close(&relay->loop);
	free(relay);
}
