/*
 * http: one request and its response, with limits.
 *
 * It uses https, and http to loopback only. It follows no redirect, keeps no cookie, limits
 * time and body size, and ends early when a signal asks to stop. A response with any status
 * is a success; the caller checks the status. An error means that there was no response, or
 * a redirect: ERR_NETWORK, ERR_CONFIG (the URL is not allowed), ERR_PROTOCOL (too large),
 * ERR_INTERRUPTED.
 *
 * Several threads may send requests at the same time. Only programs that are linked with
 * libcurl can use this module.
 */
#ifndef KIMI_HTTP_HTTP_H
#define KIMI_HTTP_HTTP_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct http_request {
	const char *url;
	const char *const *headers; /* "Name: value", ended by NULL; may be NULL */
	const char *bearer;         /* sent as Authorization: Bearer; NULL: none */
	const char *form;           /* an encoded form, to POST; NULL: GET */
	size_t max_body;            /* bytes */
	int total_ms;               /* timeout of the request; of the connection: 3 s */
};

struct http_response {
	long status;
	struct buf body;    /* secret: wiped on release */
	bool cut_short;     /* after an error: the headers are complete, but `body` is not */
	bool is_html;       /* by its Content-Type, or by its first bytes */
	double retry_after; /* seconds, at most a day; 0: it was not sent. RFC 9110 section 10.2.3 */
	double date;        /* of the Date header, seconds since the epoch; 0 if it was not sent */
	char proxy[120];    /* the proxy that was used, without user name and password, or "" */
};

/*
 * Sends the request. The caller releases the response with http_release(), also after an
 * error. The status is set if the status line was received, even after an error. The
 * bytes of the body decide if it is decompressed, not Content-Encoding, because servers
 * and proxies send that header with uncompressed bodies, too.
 */
int http_perform(const struct http_request *request, struct http_response *ret_response, struct err *err);
void http_release(struct http_response *response);

/* Adds "name=value" to an encoded form, with "&" before all but the first. */
void http_form_add(struct buf *form, const char *name, const char *value);

/*
 * Fills *err with ERR_NETWORK for an HTML page and returns -1. Kimi's endpoints never send
 * one, so it comes from a proxy or from the login page of a network.
 */
int http_not_kimi(const struct http_request *request, const struct http_response *response, struct err *err);

/*
 * Fills *err for a status that is an error and returns -1: ERR_SERVER for 408, 429 and
 * 5xx, else ERR_PROTOCOL.
 */
int http_bad_status(
    const struct http_request *request, const struct http_response *response, struct err *err);

#endif
