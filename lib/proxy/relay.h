/*
 * relay: the HTTP server of kimi proxy, and what it passes on.
 *
 *	struct relay *relay = relay_open(&options, err);
 *
 *	relay_run(relay);
 *	relay_close(relay);
 *
 * One thread. libmicrohttpd reads requests (its epoll descriptor is a member of the
 * loop's), http/stream.h passes them on. The fixed buffers between the two stop the
 * faster side. A connection that waits is suspended in libmicrohttpd, which does not
 * watch it then; the relay watches for its end itself.
 *
 * libmicrohttpd cannot answer before it has read the whole body: an answer that
 * comes early waits while the rest is read and thrown away.
 */
#ifndef KIMI_PROXY_RELAY_H
#define KIMI_PROXY_RELAY_H

#include "base/err.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/token_source.h"

#include <stdbool.h>
#include <stddef.h>

struct relay_options {
	struct listener *listeners; /* closed once a signal asks to stop */
	size_t count;
	const char *key;
	struct token_login login;
	int grace_ms; /* that requests under way have after a signal */
	int watched;  /* a descriptor whose readability ends it at once; -1: none */
	void (*log)(void *context, const struct exchange_record *request); /* NULL: nobody is told */
	void *context;
};

struct relay *relay_open(const struct relay_options *options, struct err *err);

/*
 * Serves until `watched` is readable, or a signal is noted (signals.h): then requests
 * under way have grace_ms to end.
 */
void relay_run(struct relay *relay);

void relay_close(struct relay *relay);

#endif
