#include "proxy/exchange.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "proxy/fields.h"
#include "proxy/path.h"
#include "proxy/upload.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	DOWN_WINDOW = 128 * 1024, /* of the answer, on its way to the client */
	DOWN_LOW = 64 * 1024,     /* so much room is worth waking the server's side for */
	BLOCK = 64 * 1024,        /* libmicrohttpd's own, of an answer whose length is known */
	CLIENT_GONE = 499
};

struct exchange {
	struct exchanges *all;
	struct MHD_Connection *connection;
	char *method, *target;
	size_t count; /* of its headers in all->fields, during the first call alone */
	double started;
	bool begun, authorized;
	bool suspended; /* in libmicrohttpd, until exchange_wake() */
	bool gone;      /* no answer can reach the client any more */

	/* To the server. */
	char **headers; /* of the client, "Name: value", ended by NULL; owned */
	long long body_len;
	struct upload upload;
	bool discards; /* nobody reads the rest of the body */
	struct token_waiter waiter;
	char *secret; /* that was sent; owned */
	bool retried;
	struct http_stream *stream;

	/* To the client. */
	char *head;                    /* of the server's answer, its lines; NULL: it has not come. Owned */
	struct MHD_Response *response; /* NULL: there is none yet */
	int status;
	bool is_held; /* a 401 that may be replaced */
	bool queued;  /* libmicrohttpd has it */
	char *down;   /* what the client has not taken yet; owned */
	size_t down_start, down_len, down_cap;
	unsigned long long bytes_down;
	bool ended, broken; /* the server's answer: all of it came, or no more will */
	char *failure;      /* why; owned */

	/* Notes for exchange_step(). */
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

/* ---- What the proxy says itself */

/* The error object of the path's API. */
static char *exchange_error_text(const struct exchange *exchange, const char *type, const char *message)
{
	json_t *object = json_pack("{s:{s:s, s:s}}", "error", "type", type, "message", message);

	if (path_is_messages(exchange->target))
		json_object_set_new(object, "type", json_string("error"));
	char *text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

static void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
	MHD_add_response_header(exchange->response, name, value);
}

static void exchange_answer(struct exchange *exchange, int status, const char *type, const char *message)
{
	char *text = exchange_error_text(exchange, type, message);
	size_t len = text ? strlen(text) : 0;

	exchange->status = status;
	exchange->response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_COPY);
	free(text);
	exchange->bytes_down = len;
	exchange->discards = true;
	if (!exchange->response) {
		exchange->gone = true;
		return;
	}
	exchange_add_header(exchange, "Content-Type", "application/json");
	if (status == 401) {
		exchange_add_header(exchange, "WWW-Authenticate", "Bearer");
		exchange_add_header(exchange, "x-should-retry", "false");
	} else if (status == 405) {
		exchange_add_header(exchange, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	} else if (status == 503) {
		exchange_add_header(exchange, "Retry-After", "5");
	}
}

/* What went wrong and what to do, owned by the caller. */
static char *exchange_message(const struct err *err)
{
	char message[sizeof(err->what) + sizeof(err->todo) + 2];

	snprintf(message, sizeof(message), "%s%s%s", err->what, *err->todo ? "; " : "", err->todo);
	text_clean_inplace(message);
	return memory_copy(message);
}

static void exchange_answer_err(struct exchange *exchange, const struct err *err)
{
	char *message = exchange_message(err);

	if (err->code == ERR_LOGIN_REQUIRED || err->code == ERR_REJECTED)
		exchange_answer(exchange, 401, "authentication_error", message);
	else if (err_is_passing(err->code))
		exchange_answer(exchange, 503, "api_error", message);
	else
		exchange_answer(exchange, 500, "api_error", message);
	free(message);
}

/* ---- To the server */

static long exchange_read(void *context, char *to, size_t size)
{
	struct exchange *exchange = context;
	size_t n = upload_take(&exchange->upload, to, size);

	if (n && !exchange->upload.ended)
		exchange_wake(exchange); /* there is room again */
	if (n)
		return (long)n;
	return exchange->upload.ended ? 0 : HTTP_STREAM_WAIT;
}

static void exchange_head(void *context, long status, const char *lines);
static bool exchange_body(void *context, const char *bytes, size_t len);

static void exchange_end(void *context, const struct err *err)
{
	struct exchange *exchange = context;

	exchange->ended = true;
	exchange->must_end = true;
	exchange_note(exchange);
	if (!err)
		return;
	exchange->broken = true;
	free(exchange->failure);
	exchange->failure = exchange_message(err);
}

static char *exchange_header_line(const char *name, const char *value)
{
	char *line = NULL;

	if (asprintf(&line, *value ? "%s: %s" : "%s;", name, value) < 0)
		memory_end();
	return line;
}

/* The client's headers, before libmicrohttpd's memory of them is gone. */
static void exchange_copy_headers(struct exchange *exchange)
{
	size_t n = 0;

	exchange->headers = memory_take_zeroed(exchange->count + 1, sizeof(*exchange->headers));
	for (size_t i = 0; i < exchange->count; i++)
		if (fields_pass_up(exchange->all->fields, exchange->count, i))
			exchange->headers[n++] = exchange_header_line(
			    exchange->all->fields[i].name, exchange->all->fields[i].value);
}

static bool exchange_has_header(const struct exchange *exchange, const char *name)
{
	size_t len = strlen(name);

	for (char **line = exchange->headers; *line; line++)
		if (strncasecmp(*line, name, len) == 0 && strchr(":;", (*line)[len]))
			return true;
	return false;
}

/* What libcurl would add by itself and the client did not send. */
static void exchange_send_with(struct exchange *exchange, const char *url, char *authorization)
{
	const char **lines;
	size_t n = 0;
	struct err err = {0};

	while (exchange->headers[n])
		n++;
	lines = memory_take_zeroed(n + 6, sizeof(*lines));
	memcpy(lines, exchange->headers, n * sizeof(*lines));
	lines[n++] = authorization;
	lines[n++] = "Expect:";
	if (!exchange_has_header(exchange, "Accept"))
		lines[n++] = "Accept:";
	if (!exchange_has_header(exchange, "Content-Type"))
		lines[n++] = "Content-Type:";
	if (exchange->body_len == HTTP_STREAM_CHUNKED)
		lines[n++] = "Transfer-Encoding: chunked";
	const struct http_stream_request request = {
	    .method = exchange->method,
	    .url = url,
	    .headers = lines,
	    .body_len = exchange->body_len,
	    .context = exchange,
	    .head = exchange_head,
	    .body = exchange_body,
	    .read = exchange_read,
	    .end = exchange_end,
	};
	exchange->stream = http_stream_start(exchange->all->streams, &request, &err);
	free(lines);
	if (exchange->stream)
		return;
	exchange_end(exchange, &err);
}

static void exchange_send(struct exchange *exchange, const char *secret, const char *base_url)
{
	const char *rest = path_below_base(exchange->target);
	char *url = NULL, *authorization = NULL;

	if (asprintf(&url, "%s%s", base_url, rest) < 0 ||
	    asprintf(&authorization, "Authorization: Bearer %s", secret) < 0)
		memory_end();
	wipe_str(exchange->secret);
	exchange->secret = memory_copy(secret);
	exchange_send_with(exchange, url, authorization);
	wipe_str(authorization);
	free(url);
}

/* ---- From the server */

static ssize_t exchange_give_body(void *context, uint64_t position, char *to, size_t size)
{
	struct exchange *exchange = context;
	size_t n = exchange->down_len < size ? exchange->down_len : size;

	(void)position;
	if (exchange->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n) {
		memcpy(to, exchange->down + exchange->down_start, n);
		exchange->down_start += n;
		exchange->down_len -= n;
		exchange->bytes_down += n;
		if (!exchange->down_len)
			exchange->down_start = 0;
		if (exchange->stream && DOWN_WINDOW - exchange->down_len >= DOWN_LOW)
			http_stream_continue(exchange->stream, false, true);
		return (ssize_t)n;
	}
	if (exchange->broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (exchange->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	exchange_suspend(exchange);
	return 0;
}

/* Most answers are short, so the window grows to its size. */
static void exchange_make_room(struct exchange *exchange, size_t len)
{
	size_t cap = exchange->down_cap ? exchange->down_cap : 2048, needed = exchange->down_len + len;

	if (exchange->down_start + needed <= exchange->down_cap)
		return;
	while (cap < needed)
		cap *= 2;
	if (exchange->down_start)
		memmove(exchange->down, exchange->down + exchange->down_start, exchange->down_len);
	exchange->down_start = 0;
	if (cap != exchange->down_cap)
		exchange->down = memory_resize(exchange->down, cap);
	exchange->down_cap = cap;
}

static bool exchange_body(void *context, const char *bytes, size_t len)
{
	struct exchange *exchange = context;

	if (exchange->is_held || exchange->down_len + len > DOWN_WINDOW)
		return false;
	exchange_make_room(exchange, len);
	memcpy(exchange->down + exchange->down_start + exchange->down_len, bytes, len);
	exchange->down_len += len;
	if (exchange->queued)
		exchange_wake(exchange);
	return true;
}

/* Parses the lines in place; those that are no header are left out. */
static size_t exchange_parse(char *lines, struct field *ret_fields)
{
	size_t count = 0;

	for (char *line = strtok(lines, "\r\n"); line && count < EXCHANGE_FIELDS_MAX;
	     line = strtok(NULL, "\r\n")) {
		char *colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		char *value = colon + 1 + strspn(colon + 1, " \t");
		size_t len = strlen(value);
		while (len && strchr(" \t", value[len - 1]))
			value[--len] = '\0';
		for (char *at = value; *at; at++)
			if (*at == '\t') /* libmicrohttpd takes none */
				*at = ' ';
		ret_fields[count] = (struct field){line, value};
		if (field_is_valid(&ret_fields[count]))
			count++;
	}
	return count;
}

static uint64_t exchange_length(const struct field *fields, size_t count)
{
	const char *text = fields_find(fields, count, "Content-Length");
	char *end;

	if (!text || fields_find(fields, count, "Transfer-Encoding") || *text < '0' || *text > '9')
		return MHD_SIZE_UNKNOWN;
	unsigned long long len = strtoull(text, &end, 10);
	return *end || len >= MHD_SIZE_UNKNOWN ? MHD_SIZE_UNKNOWN : len;
}

/* A token that ran out on the way is replaced. A key, or what was tried twice, is not. */
static bool exchange_may_retry(const struct exchange *exchange, long status)
{
	return status == 401 && !exchange->retried && !exchange->queued && upload_is_kept(&exchange->upload);
}

static void exchange_head(void *context, long status, const char *lines)
{
	struct exchange *exchange = context;

	exchange->status = (int)status;
	exchange->head = memory_copy(lines);
	exchange->is_held = exchange_may_retry(exchange, status);
	if (exchange->is_held)
		exchange->must_ask = true;
	else
		upload_forget(&exchange->upload);
	exchange_note(exchange);
}

/* A short answer is there as a whole by now, and goes out in one piece. */
static struct MHD_Response *exchange_new_response(struct exchange *exchange, uint64_t len)
{
	if (len == exchange->down_len) {
		exchange->bytes_down = exchange->down_len;
		return MHD_create_response_from_buffer(
		    exchange->down_len, exchange->down + exchange->down_start, MHD_RESPMEM_MUST_COPY);
	}
	/* Chunks are made in the connection's own memory. */
	return MHD_create_response_from_callback(
	    len, len == MHD_SIZE_UNKNOWN ? 1 : BLOCK, exchange_give_body, exchange, NULL);
}

static void exchange_make_response(struct exchange *exchange)
{
	struct field fields[EXCHANGE_FIELDS_MAX];
	size_t count = exchange_parse(exchange->head, fields);

	exchange->response = exchange_new_response(exchange, exchange_length(fields, count));
	for (size_t i = 0; exchange->response && i < count; i++)
		if (fields_pass_down(fields, count, i))
			exchange_add_header(exchange, fields[i].name, fields[i].value);
	exchange->gone = !exchange->response;
}

/* ---- Tokens */

static void exchange_drop_answer(struct exchange *exchange)
{
	http_stream_cancel(exchange->stream);
	exchange->stream = NULL;
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	exchange->response = NULL;
	free(exchange->head);
	exchange->head = NULL;
	exchange->down_len = exchange->down_start = 0;
	exchange->ended = exchange->broken = exchange->must_end = exchange->is_held = false;
}

static void exchange_pass_held(struct exchange *exchange)
{
	exchange->is_held = false;
	upload_forget(&exchange->upload);
	exchange->discards = !exchange->stream;
	if (exchange->stream)
		http_stream_continue(exchange->stream, false, true);
	exchange_note(exchange);
}

/* token_source_get() has an answer. */
static void exchange_take_token(
    void *context, const char *secret, const char *base_url, const struct err *err)
{
	struct exchange *exchange = context;

	if (exchange->gone)
		return;
	if (exchange->is_held && (err || !upload_is_kept(&exchange->upload))) {
		exchange_pass_held(exchange);
	} else if (err) {
		exchange_answer_err(exchange, err);
		exchange_note(exchange);
	} else {
		if (exchange->is_held) {
			exchange_drop_answer(exchange);
			exchange->retried = true;
			upload_rewind(&exchange->upload);
		}
		exchange_send(exchange, secret, base_url);
	}
}

/* ---- Steps */

/* The server's side is over. */
static void exchange_finish(struct exchange *exchange)
{
	http_stream_cancel(exchange->stream);
	exchange->stream = NULL;
	exchange->discards = !exchange->is_held;
	if (!exchange->head)
		exchange_answer(exchange, 502, "api_error", exchange->failure ? exchange->failure : "");
}

static void exchange_step(struct exchange *exchange)
{
	if (exchange->gone) {
		exchange_abort(exchange);
		return;
	}
	if (exchange->must_ask) {
		exchange->must_ask = false;
		token_source_get(exchange->all->source, &exchange->waiter, exchange->secret);
	}
	/* A held answer that has ended is still there, but for its connection. */
	if (exchange->must_end && exchange->ended) {
		exchange->must_end = false;
		exchange_finish(exchange);
	}
	if (exchange->is_held)
		return;
	if (exchange->head && !exchange->response)
		exchange_make_response(exchange);
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

static enum MHD_Result exchange_take_field(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct exchange *exchange = context;

	(void)kind;
	if (exchange->count == EXCHANGE_FIELDS_MAX)
		return MHD_NO;
	exchange->all->fields[exchange->count++] = (struct field){name, value ? value : ""};
	return MHD_YES;
}

static void exchange_take_length(struct exchange *exchange)
{
	const char *length = fields_find(exchange->all->fields, exchange->count, "Content-Length");

	if (fields_find(exchange->all->fields, exchange->count, "Transfer-Encoding"))
		exchange->body_len = HTTP_STREAM_CHUNKED;
	else if (length)
		exchange->body_len = strtoll(length, NULL, 10);
	else
		exchange->body_len = HTTP_STREAM_NO_BODY;
}

/* The head is there. */
static void exchange_begin(struct exchange *exchange, const struct guard_rules *rules, const char *method)
{
	exchange->begun = true;
	exchange->method = memory_copy(method);
	exchange->waiter = (struct token_waiter){.ready = exchange_take_token, .context = exchange};
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, exchange_take_field, exchange);
	exchange_take_length(exchange);
	const struct guard_request request = {
	    method, exchange->target, exchange->all->fields, exchange->count};
	struct guard_answer answer = guard_check(rules, &request);
	if (exchange->count == EXCHANGE_FIELDS_MAX)
		answer =
		    (struct guard_answer){431, "invalid_request_error", "the request has too many headers"};
	if (answer.status) {
		exchange_answer(exchange, answer.status, answer.type, answer.message);
		return;
	}
	exchange->authorized = true;
	if (exchange->body_len > 0)
		exchange->upload.expected = (size_t)exchange->body_len;
	exchange_copy_headers(exchange);
	token_source_get(exchange->all->source, &exchange->waiter, NULL);
}

/* Who waits for "100 Continue" is told at once; who does not would lose the answer in what it still sends. */
static bool exchange_refuses_early(const struct exchange *exchange)
{
	const char *expect = fields_find(exchange->all->fields, exchange->count, "Expect");

	return exchange->response && !exchange->authorized && exchange->body_len != HTTP_STREAM_NO_BODY &&
	       expect && strcasecmp(expect, "100-continue") == 0;
}

static bool exchange_queue(struct exchange *exchange)
{
	exchange->queued = true;
	return MHD_queue_response(exchange->connection, (unsigned)exchange->status, exchange->response) ==
	       MHD_YES;
}

static void exchange_take_upload(struct exchange *exchange, const char *bytes, size_t *size)
{
	if (exchange->discards) {
		exchange->upload.total += *size;
		*size = 0;
		return;
	}
	*size -= upload_put(&exchange->upload, bytes, *size);
	if (exchange->stream)
		http_stream_continue(exchange->stream, true, false);
	if (*size)
		exchange_suspend(exchange);
}

bool exchange_handle(struct exchange *exchange, const struct guard_rules *rules, const char *method,
    const char *upload_data, size_t *upload_data_size)
{
	if (exchange->gone)
		return false;
	if (!exchange->begun) {
		exchange_begin(exchange, rules, method);
		return !exchange_refuses_early(exchange) || exchange_queue(exchange);
	}
	if (*upload_data_size) {
		exchange_take_upload(exchange, upload_data, upload_data_size);
		return true;
	}
	if (!exchange->upload.ended) {
		exchange->upload.ended = true;
		if (exchange->stream)
			http_stream_continue(exchange->stream, true, false);
	}
	if (exchange->response && !exchange->is_held)
		return exchange_queue(exchange);
	exchange_suspend(exchange);
	return true;
}

/* ---- The end */

static void exchange_log(const struct exchange *exchange)
{
	size_t len = strcspn(exchange->target, "?");
	char method[32], path[512];

	if (!exchange->all->log || !exchange->method)
		return;
	snprintf(method, sizeof(method), "%s", exchange->method);
	snprintf(
	    path, sizeof(path), "%.*s", (int)(len < sizeof(path) ? len : sizeof(path) - 1), exchange->target);
	text_clean_inplace(method);
	text_clean_inplace(path);
	const struct exchange_record request = {
	    .method = method,
	    .path = path,
	    .status = exchange->queued ? exchange->status : CLIENT_GONE,
	    .milliseconds = (double)clock_ms() - exchange->started,
	    .bytes_up = exchange->upload.total,
	    .bytes_down = exchange->bytes_down,
	};
	exchange->all->log(exchange->all->context, &request);
}

void exchange_free(struct exchange *exchange)
{
	exchange_log(exchange);
	exchange->suspended = false; /* the connection may be gone */
	exchange_abort(exchange);
	for (struct exchange **at = &exchange->all->to_step; *at; at = &(*at)->next_to_step)
		if (*at == exchange) {
			*at = exchange->next_to_step;
			break;
		}
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	upload_release(&exchange->upload);
	for (char **line = exchange->headers; line && *line; line++)
		wipe_str(*line);
	free(exchange->headers);
	wipe_str(exchange->secret);
	free(exchange->down);
	free(exchange->failure);
	free(exchange->head);
	free(exchange->method);
	free(exchange->target);
	exchange->all->count--;
	free(exchange);
}
