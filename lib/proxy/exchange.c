#include "proxy/exchange.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/own_response.h"
#include "proxy/request_up.h"
#include "proxy/response_down.h"
#include "proxy/upload.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CLIENT_GONE = 499 };

struct exchange {
	struct exchanges *all;
	struct MHD_Connection *connection;
	char *method, *target; /* method: NULL until the head was read */
	size_t head_max;       /* bytes that a response's head may have */
	double started;
	bool authorized;
	bool suspended; /* in libmicrohttpd, until exchange_wake() */
	bool gone;      /* no response can reach the client any more */

	/* To the server. */
	struct request_up request;
	long long body_len; /* as in http/stream.h */
	struct upload upload;
	bool discards; /* the rest of the body is read and dropped */
	struct token_waiter waiter;
	uint64_t sent_secret; /* fingerprint of the secret that was sent; 0: none */
	bool retried;
	struct http_stream *stream;

	/* To the client. */
	struct response_down response;
	bool is_held; /* a 401 that may be replaced */
	bool queued;  /* libmicrohttpd has the response */

	/* Flags for exchange_step(). */
	bool noted, must_ask, must_end;
	struct exchange *next_to_step;
};

static void exchange_note(struct exchange *exchange)
{
	if (exchange->noted)
		return;
	exchange->noted = true;
	exchange->next_to_step = exchange->all->to_step;
	exchange->all->to_step = exchange;
}

static void exchange_suspend(struct exchange *exchange)
{
	if (!exchange->suspended)
		MHD_suspend_connection(exchange->connection);
	exchange->suspended = true;
}

static void exchange_wake(struct exchange *exchange)
{
	if (!exchange->suspended)
		return;
	MHD_resume_connection(exchange->connection);
	exchange->suspended = false;
	exchange->all->woken = true;
}

struct exchange *exchange_new(struct exchanges *all, struct MHD_Connection *connection, const char *target)
{
	struct exchange *exchange = memory_take_zeroed(1, sizeof(*exchange));

	exchange->all = all;
	exchange->connection = connection;
	exchange->target = memory_copy(target);
	exchange->started = (double)clock_ms();
	all->count++;
	return exchange;
}

bool exchange_is_authorized(const struct exchange *exchange)
{
	return exchange->authorized;
}

/* ---- Responses of the proxy's own */

static void exchange_respond(struct exchange *exchange, int status, const char *type, const char *message)
{
	exchange->discards = true;
	if (!response_down_refuse(&exchange->response, exchange->target, status, type, message))
		exchange->gone = true;
}

static void exchange_respond_err(struct exchange *exchange, const struct err *err)
{
	const char *type;
	int status = own_response_status(err, &type);
	char *message = own_response_message(err);

	exchange_respond(exchange, status, type, message);
	free(message);
}

/* ---- To the server */

static long exchange_read(void *context, char *to, size_t size)
{
	struct exchange *exchange = context;
	size_t n = upload_take(&exchange->upload, to, size);

	if (n && !exchange->upload.ended)
		exchange_wake(exchange); /* there is space again */
	if (n || exchange->upload.ended)
		return (long)n;
	return HTTP_STREAM_WAIT;
}

/* Retry once, while the body can be sent again and the client has got nothing. */
static bool exchange_may_retry(const struct exchange *exchange, long status)
{
	return status == 401 && !exchange->retried && !exchange->queued && upload_is_kept(&exchange->upload);
}

/* The request will not be sent again, so it need not be kept. */
static void exchange_forget_request(struct exchange *exchange)
{
	upload_forget(&exchange->upload);
	request_up_release(&exchange->request);
}

/* A body in chunks may still turn out to be too long, so wait for its end. */
static void exchange_ask_again(struct exchange *exchange)
{
	exchange->must_ask = exchange->body_len != HTTP_STREAM_CHUNKED || exchange->upload.ended;
	if (exchange->must_ask)
		return;
	upload_hold(&exchange->upload);
	exchange_wake(exchange); /* there is space again */
}

static void exchange_head(void *context, long status, const char *lines)
{
	struct exchange *exchange = context;

	response_down_head(&exchange->response, (int)status, lines);
	exchange->is_held = exchange_may_retry(exchange, status);
	if (exchange->is_held)
		exchange_ask_again(exchange);
	else
		exchange_forget_request(exchange);
	exchange_note(exchange);
}

static bool exchange_body(void *context, const char *bytes, size_t len)
{
	struct exchange *exchange = context;

	if (exchange->is_held || !response_down_put(&exchange->response, bytes, len))
		return false;
	if (exchange->queued)
		exchange_wake(exchange);
	return true;
}

static void exchange_end(void *context, const struct err *err)
{
	struct exchange *exchange = context;

	response_down_end(&exchange->response, err);
	exchange->must_end = true;
	exchange_note(exchange);
}

static void exchange_send(struct exchange *exchange, const char *secret, const char *base_url)
{
	const struct http_stream_request callbacks = {
	    .method = exchange->method,
	    .body_len = exchange->body_len,
	    .context = exchange,
	    .head = exchange_head,
	    .body = exchange_body,
	    .read = exchange_read,
	    .end = exchange_end,
	};
	struct err err = {0};

	exchange->sent_secret = exchange->all->source->fingerprint;
	exchange->stream = request_up_send(
	    &exchange->request, exchange->all->streams, callbacks, exchange->target, secret, base_url, &err);
	if (!exchange->stream)
		exchange_end(exchange, &err);
}

/* ---- To the client */

static ssize_t exchange_give_body(void *context, uint64_t position, char *to, size_t size)
{
	struct exchange *exchange = context;

	(void)position;
	exchange->all->idle_rounds = 0;
	if (exchange->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t n = response_down_take(&exchange->response, to, size);
	if (n) {
		if (exchange->stream && response_down_has_space(&exchange->response))
			http_stream_continue(exchange->stream, false, true);
		return (ssize_t)n;
	}
	if (exchange->response.broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (exchange->response.ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	exchange_suspend(exchange);
	return 0;
}

/* ---- Tokens */

static void exchange_drop_response(struct exchange *exchange)
{
	http_stream_cancel(exchange->stream);
	exchange->stream = NULL;
	response_down_clear(&exchange->response);
	exchange->must_end = exchange->is_held = false;
}

static void exchange_pass_held(struct exchange *exchange)
{
	exchange->is_held = false;
	exchange_forget_request(exchange);
	exchange->discards = !exchange->stream;
	if (exchange->stream)
		http_stream_continue(exchange->stream, false, true);
	exchange_note(exchange);
}

/* Callback of token_source_get(). */
static void exchange_take_token(
    void *context, const char *secret, const char *base_url, const struct err *err)
{
	struct exchange *exchange = context;

	if (exchange->gone)
		return;
	if (exchange->is_held && err) {
		exchange_pass_held(exchange);
	} else if (err) {
		exchange_respond_err(exchange, err);
		exchange_note(exchange);
	} else {
		if (exchange->is_held) {
			exchange_drop_response(exchange);
			exchange->retried = true;
			upload_rewind(&exchange->upload);
		}
		exchange_send(exchange, secret, base_url);
	}
}

/* ---- Steps */

/* libmicrohttpd would close the connection without a response. */
static void exchange_refuse_head(struct exchange *exchange)
{
	exchange_drop_response(exchange);
	exchange_respond(exchange, 502, "api_error",
	    "cannot use the response of the server: its headers are too long or too many; try again later");
}

/* Handles the end of the request to the server. */
static void exchange_finish(struct exchange *exchange)
{
	http_stream_cancel(exchange->stream);
	exchange->stream = NULL;
	exchange->discards = !exchange->is_held;
	if (!exchange->response.head && !exchange->response.mhd)
		exchange_respond(exchange, 502, "api_error", text_or_empty(exchange->response.failure));
}

static void exchange_step(struct exchange *exchange)
{
	if (exchange->gone) {
		exchange_abort(exchange);
		return;
	}
	if (exchange->must_ask) {
		exchange->must_ask = false;
		token_source_get(exchange->all->source, &exchange->waiter, exchange->sent_secret);
	}
	/* A held response stays in its buffer after the transfer has ended. */
	if (exchange->must_end && exchange->response.ended) {
		exchange->must_end = false;
		exchange_finish(exchange);
	}
	if (exchange->is_held)
		return;
	if (exchange->response.head && !response_down_head_fits(&exchange->response, exchange->head_max))
		exchange_refuse_head(exchange);
	if (exchange->response.head)
		exchange->gone = !response_down_respond(&exchange->response, exchange_give_body, exchange);
	exchange_wake(exchange);
}

void exchanges_step(struct exchanges *all)
{
	while (all->to_step) {
		struct exchange *exchange = all->to_step;
		all->to_step = exchange->next_to_step;
		exchange->noted = false;
		exchange_step(exchange);
	}
}

void exchange_abort(struct exchange *exchange)
{
	exchange->gone = true;
	token_source_leave(exchange->all->source, &exchange->waiter);
	http_stream_cancel(exchange->stream);
	exchange->stream = NULL;
	exchange_wake(exchange);
}

/* ---- From the client */

static bool exchange_queue(struct exchange *exchange)
{
	exchange->queued = true;
	exchange->response.total += exchange->response.whole;
	return MHD_queue_response(exchange->connection, (unsigned)exchange->response.status,
	           exchange->response.mhd) == MHD_YES;
}

/*
 * Refuse at once if the client waits for "100 Continue", or if its body would only end with the connection
 * (RFC 9112 section 6.3, rule 4). Other clients could miss a response that comes while they still send.
 */
static bool exchange_refuses_early(const struct exchange *exchange, const struct request_head *head)
{
	const char *expect = fields_find(head->fields, head->count, "Expect");
	const char *coding = fields_find(head->fields, head->count, "Transfer-Encoding");

	if (!exchange->response.mhd || exchange->authorized || exchange->body_len == HTTP_STREAM_NO_BODY)
		return false;
	return (expect && strcasecmp(expect, "100-continue") == 0) ||
	       (coding && strcasecmp(coding, "chunked") != 0);
}

/* Prepares to pass on the request, and asks for the token. */
static void exchange_accept(struct exchange *exchange, const struct request_head *head)
{
	exchange->authorized = true;
	if (exchange->body_len > 0)
		exchange->upload.expected = (size_t)exchange->body_len;
	if (exchange->body_len > UPLOAD_KEPT)
		upload_forget(&exchange->upload);
	request_up_take(&exchange->request, head->fields, head->count);
	token_source_get(exchange->all->source, &exchange->waiter, 0);
}

/* Checks the request. Returns false to close the connection. */
static bool exchange_begin(struct exchange *exchange, const struct guard_rules *rules, const char *method)
{
	struct exchanges *all = exchange->all;
	const struct request_head head =
	    request_head_read(exchange->connection, method, exchange->target, all->fields);

	exchange->method = memory_copy(method);
	exchange->response.is_head = strcmp(method, "HEAD") == 0;
	exchange->waiter = (struct token_waiter){.ready = exchange_take_token, .context = exchange};
	/* libmicrohttpd keeps both heads in the memory of the connection. */
	if (head.size < all->heads_max)
		exchange->head_max = all->heads_max - head.size;
	exchange->body_len = request_up_body_len(head.fields, head.count);
	struct guard_result refusal = guard_check(rules, &head);
	if (refusal.status)
		exchange_respond(exchange, refusal.status, refusal.type, refusal.message);
	else
		exchange_accept(exchange, &head);
	return !exchange_refuses_early(exchange, &head) || exchange_queue(exchange);
}

static void exchange_take_upload(struct exchange *exchange, const char *bytes, size_t *size)
{
	if (exchange->discards) {
		exchange->upload.total += *size;
		*size = 0;
		return;
	}
	*size -= upload_put(&exchange->upload, bytes, *size);
	if (exchange->is_held && !upload_is_kept(&exchange->upload))
		exchange_pass_held(exchange);
	else if (exchange->stream)
		http_stream_continue(exchange->stream, true, false);
	if (*size)
		exchange_suspend(exchange);
}

bool exchange_handle(struct exchange *exchange, const struct guard_rules *rules, const char *method,
    const char *upload_data, size_t *upload_data_size)
{
	exchange->all->idle_rounds = 0;
	if (exchange->gone)
		return false;
	if (!exchange->method)
		return exchange_begin(exchange, rules, method);
	if (*upload_data_size) {
		exchange_take_upload(exchange, upload_data, upload_data_size);
		return true;
	}
	if (!exchange->upload.ended) {
		exchange->upload.ended = true;
		if (exchange->is_held && exchange->body_len == HTTP_STREAM_CHUNKED) {
			exchange_ask_again(exchange);
			exchange_note(exchange);
		} else if (exchange->stream) {
			http_stream_continue(exchange->stream, true, false);
		}
	}
	if (exchange->response.mhd && !exchange->is_held)
		return exchange_queue(exchange);
	exchange_suspend(exchange);
	return true;
}

/* ---- The end */

static void exchange_log(const struct exchange *exchange, bool failed)
{
	int len = (int)strcspn(exchange->target, "?"), status = CLIENT_GONE;
	char method[32], path[512];

	if (!exchange->all->log || !exchange->method)
		return;
	if (exchange->queued)
		status = exchange->response.status;
	else if (failed && !exchange->gone)
		status = 400;
	snprintf(method, sizeof(method), "%s", exchange->method);
	snprintf(path, sizeof(path), "%.*s", len, exchange->target);
	text_clean_inplace(method);
	text_clean_inplace(path);
	const struct exchange_record request = {
	    .method = method,
	    .path = path,
	    .status = status,
	    .milliseconds = (double)clock_ms() - exchange->started,
	    .bytes_up = exchange->upload.total,
	    .bytes_down = exchange->response.total,
	};
	exchange->all->log(exchange->all->context, &request);
}

void exchange_free(struct exchange *exchange, bool failed)
{
	exchange_log(exchange, failed);
	exchange->suspended = false; /* the connection may be gone */
	exchange_abort(exchange);
	for (struct exchange **at = &exchange->all->to_step; *at; at = &(*at)->next_to_step)
		if (*at == exchange) {
			*at = exchange->next_to_step;
			break;
		}
	upload_release(&exchange->upload);
	request_up_release(&exchange->request);
	response_down_release(&exchange->response);
	free(exchange->method);
	free(exchange->target);
	exchange->all->count--;
	free(exchange);
}
