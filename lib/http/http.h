/*
 * http: one request and its answer, within bounds.
 *
 * The only room that knows libcurl. It speaks https, and http to loopback alone;
 * follows no redirect, keeps no cookie, bounds the time and the body, and ends
 * early when a signal asks to stop. What came back is the caller's to judge: any
 * status is an answer. An error means that there was none, or that it was
 * plainly not meant for us (a redirect): ERR_NETWORK, ERR_CONFIG (the URL may
 * not be asked), ERR_PROTOCOL (too large), ERR_INTERRUPTED.
 *
 * Several threads may each perform a request of their own. A caller that was built
 * without libcurl cannot link this room.
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
	const char *form;           /* an encoded form makes it a POST; NULL: GET */
	size_t max_body;            /* bytes */
	int total_ms;               /* for all of it; connecting has 3 s of that */
};

struct http_response {
	long status;
	struct buf body;    /* secret: wiped on release */
	bool cut_short;     /* after an error: the head came whole and `body` is what came of the rest */
	bool is_html;       /* by its Content-Type, or by how it begins */
	double retry_after; /* seconds, 0 if it was not sent; RFC 9110 section 10.2.3 */
	double date;        /* of its Date header, seconds since the epoch; 0 if it has none */
	char via[160];      /* " through the proxy X", or "" */
	bool proxy_is_set;  /* if only for others */
};

/*
 * The caller releases the response with http_release(), also after an error. The
 * status is set as soon as its line has come, be it that the rest did not. A body
 * that is compressed is unpacked; what Content-Encoding says is not asked, since
 * servers and proxies send it with bodies that are not.
 */
int http_perform(const struct http_request *request, struct http_response *ret_response, struct err *err);
void http_release(struct http_response *response);

/* Adds "name=value" to an encoded form, with "&" before all but the first. */
void http_form_add(struct buf *form, const char *name, const char *value);

/*
 * The answer is a page of HTML, which Kimi's endpoints never send: a proxy or a
 * hotel's login page answered. Fills *err with ERR_NETWORK and returns -1.
 */
int http_not_kimi(const struct http_request *request, const struct http_response *response, struct err *err);

/* Fills *err for a status that is a passing failure (429, 5xx) or another; returns -1. */
int http_bad_status(
    const struct http_request *request, const struct http_response *response, struct err *err);

#endif
