/*
 * relay: the HTTP server of kimi proxy, and what it passes on.
 *
 *	struct relay *relay = relay_open(&options, err);
 *
 *	relay_run(relay);
 *	relay_close(relay);
 *
 * One thread runs libmicrohttpd, which reads requests, and http/stream.h, which sends
 * them to the server. Buffers of fixed size between the two stop the faster side.
 * libmicrohttpd does not watch a connection while it waits (is suspended), so the relay
 * watches for its end. It takes a half-closed connection for one that was closed.
 *
 * libmicrohttpd cannot respond before it has read the whole body, so an early response
 * waits while the rest of the body is read and dropped.
 *
 * libmicrohttpd itself answers, with a page and not JSON, what it cannot read: a malformed
 * request line, length or chunk (400, 413), a version other than 1 (505), and a head that does
 * not fit in the memory of a connection (414, 431). It has no option for these pages. More
 * memory for each connection would make 256 streams too large, since it is wiped, and so
 * used, between two requests.
 */
#ifndef KIMI_PROXY_RELAY_H
#define KIMI_PROXY_RELAY_H

#include "base/err.h"
#include "proxy/exchange.h"
#include "proxy/listener.h"
#include "proxy/token_source.h"

#include <stddef.h>

struct relay_options {
	struct listener *listeners; /* closed when a signal asks to stop */
	size_t count;
	const char *key;
	struct token_login login;
	int grace_ms; /* for running requests to end after a signal */
	int watched;  /* the relay stops at once when this descriptor is readable; -1: none */
	void (*log)(void *context, const struct exchange_record *request); /* NULL: no log */
	void *context;
};

struct relay *relay_open(const struct relay_options *options, struct err *err);

/*
 * Serves until `watched` is readable or a signal arrives (signals.h). After a signal,
 * running requests have grace_ms to end.
 */
void relay_run(struct relay *relay);

void relay_close(struct relay *relay);

#endif
