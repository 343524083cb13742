#include "http/stream.h"

#include "base/buf.h"
#include "base/memory.h"
#include "http/handle.h"
#include "http/proxy.h"
#include "http/stream_sockets.h"
#include "http/url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CONNECT_MS = 15000,
	HEAD_MAX = 64 * 1024,
	LARGE_BODY = 1024 * 1024,
	UPLOAD_BUFFER = 16 * 1024,
	LARGE_UPLOAD_BUFFER = 64 * 1024,
	KEEPALIVE_S = 60,     /* between probes of a server that is silent */
	IDLE_S = 50,          /* less than servers keep a connection for the next request */
	IDLE_CONNECTIONS = 64 /* kept at most */
};

struct http_streams {
	CURLM *multi;
	struct stream_sockets sockets;
	CURL *model;    /* what all requests to an origin have in common; NULL: none was made yet */
	CURL *spare;    /* a copy of it, for the next request; NULL: none was made yet */
	char *origin;   /* that it is for, scheme and authority. Owned */
	bool has_proxy; /* it is reached through one */
	struct http_stream *unused;
};

struct http_stream {
	struct http_streams *streams;
	struct http_stream_request request; /* the callbacks; its texts belong to the caller */
	CURL *easy;
	struct curl_slist *headers;
	struct buf head;
	bool is_sent;
	bool has_head;
	size_t trailers_len;
	const char *refusal; /* why the head cannot be used; NULL: it can */
	bool read_waits, body_waits;
	bool has_proxy;
	bool has_ended;
	struct http_stream *next_unused;
	char detail[CURL_ERROR_SIZE];
};

/* libcurl quotes the URL of a proxy in what it says of it, and so its password. */
static void stream_explain(const struct http_stream *stream, CURLcode code, struct err *err)
{
	const char *detail =
	    *stream->detail && !stream->has_proxy ? stream->detail : curl_easy_strerror(code);
	char *url = NULL;
	char host[160];
	long proxy_status = 0;

	curl_easy_getinfo(stream->easy, CURLINFO_EFFECTIVE_URL, &url);
	curl_easy_getinfo(stream->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	url_host(url ? url : "", host, sizeof(host));
	if (stream->refusal)
		detail = stream->refusal;
	else if (code == CURLE_SEND_FAIL_REWIND || code == CURLE_ABORTED_BY_CALLBACK)
		detail = "it closed the connection before its response";
	if (stream->refusal || handle_is_nonsense(code)) {
		err_set(
		    err, ERR_NETWORK, "try again later", "cannot use the response of %s: %s", host, detail);
		return;
	}
	if (proxy_status == 407) {
		proxy_wants_password(url, host, err);
		return;
	}
	err_set(err, ERR_NETWORK, "check the network, then try again", "cannot reach %s%s: %s", host,
	    stream->has_proxy ? " through the proxy" : "", detail);
}

/* Those that have ended. `end` may start and cancel any of them. */
static void streams_collect(void *context)
{
	struct http_streams *streams = context;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(streams->multi, &left))) {
		CURLcode code = message->data.result;
		struct http_stream *stream = NULL;
		struct err err = {0};

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&stream);
		if (code == CURLE_OK && !stream->has_head)
			code = CURLE_GOT_NOTHING;
		if (code == CURLE_OK)
			stream_sockets_set_unused(&streams->sockets, stream->easy);
		else
			stream_explain(stream, code, &err);
		stream->has_ended = true;
		stream->request.end(stream->request.context, code == CURLE_OK ? NULL : &err);
	}
}

struct http_streams *http_streams_open(struct loop *loop, struct err *err)
{
	struct http_streams *streams = memory_take_zeroed(1, sizeof(*streams));

	streams->multi = handle_multi_with_memory();
	if (!streams->multi) {
		free(streams);
		err_memory(err);
		return NULL;
	}
	streams->sockets = (struct stream_sockets){
	    .loop = loop, .multi = streams->multi, .acted = streams_collect, .context = streams};
	stream_sockets_open(&streams->sockets);
	curl_multi_setopt(streams->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
	curl_multi_setopt(streams->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return streams;
}

static void streams_drop_model(struct http_streams *streams)
{
	curl_easy_cleanup(streams->model);
	curl_easy_cleanup(streams->spare);
	streams->model = streams->spare = NULL;
	free(streams->origin);
	streams->origin = NULL;
}

static void stream_free(struct http_stream *stream)
{
	curl_multi_remove_handle(stream->streams->multi, stream->easy);
	curl_easy_cleanup(stream->easy);
	curl_slist_free_all(stream->headers);
	buf_release(&stream->head);
	free(stream);
}

static void streams_free_unused(struct http_streams *streams)
{
	struct http_stream *stream = streams->unused, *next;

	for (; stream; stream = next) {
		next = stream->next_unused;
		stream_free(stream);
	}
	streams->unused = NULL;
}

void http_streams_tidy(struct http_streams *streams)
{
	streams_free_unused(streams);
	if (streams->model && !streams->spare)
		streams->spare = curl_easy_duphandle(streams->model);
}

void http_streams_close(struct http_streams *streams)
{
	if (!streams)
		return;
	streams_free_unused(streams);
	streams_drop_model(streams);
	curl_multi_cleanup(streams->multi);
	stream_sockets_close(&streams->sockets);
	free(streams);
}

/* What was sent is not needed while the response comes, which may take hours. */
static void stream_forget_request(struct http_stream *stream)
{
	curl_off_t sent = 0;

	curl_easy_setopt(stream->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(stream->headers);
	stream->headers = NULL;
	/* The server may respond before it has the whole body. libcurl does not count chunks. */
	curl_easy_getinfo(stream->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (stream->request.body_len == HTTP_STREAM_CHUNKED || sent < stream->request.body_len)
		return;
	/* Until 8.7 libcurl keeps its buffer of the body to the end. Setting its size frees it. */
	curl_easy_setopt(stream->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
}

/* Two lengths, or one that is no number, must not pass for a whole body (RFC 9112 section 6.3, rule 5). */
static bool stream_has_bad_length(const char *lines)
{
	static const char name[] = "Content-Length:";
	const char *first = NULL;

	for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncasecmp(line, name, sizeof(name) - 1) != 0)
			continue;
		const char *value = line + sizeof(name) - 1;
		value += strspn(value, " \t");
		size_t len = strspn(value, "0123456789");
		if (!len || !strchr(" \t\r\n", value[len]))
			return true;
		if (first && (strspn(first, "0123456789") != len || strncmp(first, value, len) != 0))
			return true;
		first = value;
	}
	return false;
}

/* Interim responses (1xx) and trailers are not passed on. */
static size_t stream_take_header(char *line, size_t one, size_t len, void *context)
{
	struct http_stream *stream = context;
	long status = 0;

	(void)one;
	if (stream->has_head) { /* libcurl keeps trailers, and does not limit them */
		stream->trailers_len += len;
		if (stream->trailers_len > HEAD_MAX)
			stream->refusal = "its trailers are too long";
	} else if (len >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		buf_clear(&stream->head);
	} else if (!stream->head.len && (*line == ' ' || *line == '\t')) {
		stream->refusal = "its first header continues another one";
	} else if (*line != '\r' && *line != '\n') {
		buf_add(&stream->head, line, len);
	} else {
		curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status == 101)
			stream->refusal = "it switched to another protocol";
		else if (!stream->head.failed && stream_has_bad_length(stream->head.data))
			stream->refusal = "its length is not clear";
		stream->has_head = status >= 200 && !stream->refusal;
		if (stream->has_head && !stream->head.failed)
			stream->request.head(stream->request.context, status, stream->head.data);
		if (stream->has_head) {
			buf_release(&stream->head);
			stream_forget_request(stream);
		}
	}
	if (stream->head.failed)
		stream->refusal = "its headers are too long";
	if (stream->refusal)
		return 0;
	return len;
}

static size_t stream_take_body(char *bytes, size_t one, size_t len, void *context)
{
	struct http_stream *stream = context;

	(void)one;
	if (stream->request.body(stream->request.context, bytes, len))
		return len;
	stream->body_waits = true;
	return CURL_WRITEFUNC_PAUSE;
}

static size_t stream_read(char *to, size_t one, size_t count, void *context)
{
	struct http_stream *stream = context;
	long len = stream->request.read(stream->request.context, to, one * count);

	if (len == HTTP_STREAM_WAIT) {
		stream->read_waits = true;
		return CURL_READFUNC_PAUSE;
	}
	return (size_t)len;
}

#if LIBCURL_VERSION_NUM >= 0x075000
/*
 * libcurl sends a request again if a kept connection ends before the response, unless it has read of the
 * body. A proxy must not do that with one that changes something (RFC 9110 section 9.2.2).
 */
static bool stream_must_go_once(const struct http_stream_request *request)
{
	bool has_body = request->body_len > 0 || request->body_len == HTTP_STREAM_CHUNKED;

	return !has_body && strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
}

static int stream_send_once(void *context, char *address, char *own_address, int port, int own_port)
{
	struct http_stream *stream = context;

	(void)address, (void)own_address, (void)port, (void)own_port;
	if (stream->is_sent)
		return CURL_PREREQFUNC_ABORT;
	stream->is_sent = true;
	return CURL_PREREQFUNC_OK;
}
#endif

/* The body is sent as it is read; it is not sent twice, since it cannot be rewound. */
static void stream_set_body(CURL *c, const struct http_stream_request *request)
{
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, request->method);
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (request->body_len == HTTP_STREAM_NO_BODY)
		return;
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)(request->body_len == HTTP_STREAM_CHUNKED ? -1 : request->body_len));
	if (request->body_len > LARGE_BODY)
		curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)LARGE_UPLOAD_BUFFER);
}

/* What is the same for all requests to an origin. */
static CURL *streams_new_model(struct http_streams *streams, const char *url, struct err *err)
{
	struct handle_proxy proxy;
	CURL *c = curl_easy_init();

	if (!c) {
		err_memory(err);
		return NULL;
	}
	if (handle_prepare(c, url, &proxy, err) < 0) {
		curl_easy_cleanup(c);
		return NULL;
	}
	streams->has_proxy = *proxy.url;
	wipe(&proxy, sizeof(proxy));
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
	curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
	stream_sockets_serve(&streams->sockets, c);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, stream_take_header);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, stream_take_body);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, stream_read);
	return c;
}

/*
 * A handle for one request. It is not used again: libcurl 7.88 keeps a pointer to the last header of a
 * handle's response, and a folded line at the beginning of the next one is added where that was. NULL:
 * *err.
 */
static CURL *streams_new_handle(struct http_streams *streams, const char *url, struct err *err)
{
	size_t len = (size_t)(strstr(url, "://") - url) + strlen("://");

	len += strcspn(url + len, "/?");
	if (!streams->model || strncmp(streams->origin, url, len) != 0 || streams->origin[len]) {
		streams_drop_model(streams);
		streams->model = streams_new_model(streams, url, err);
		if (!streams->model)
			return NULL;
		streams->origin = memory_copy(url);
		streams->origin[len] = '\0';
	}
	CURL *c = streams->spare;
	streams->spare = NULL;
	if (!c)
		c = curl_easy_duphandle(streams->model);
	if (!c) {
		err_memory(err);
		return NULL;
	}
	curl_easy_setopt(c, CURLOPT_URL, url);
	return c;
}

static int stream_prepare(struct http_stream *stream, struct err *err)
{
	const struct http_stream_request *request = &stream->request;
	CURL *c = streams_new_handle(stream->streams, request->url, err);

	stream->easy = c;
	if (!c)
		return -1;
	stream->has_proxy = stream->streams->has_proxy;
	for (const char *const *line = request->headers; *line; line++) {
		struct curl_slist *more = curl_slist_append(stream->headers, *line);
		if (!more)
			return err_memory(err);
		stream->headers = more;
	}
	curl_easy_setopt(c, CURLOPT_PRIVATE, stream);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, stream->headers);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, stream->detail);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, stream);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, stream);
	curl_easy_setopt(c, CURLOPT_READDATA, stream);
	if (stream_sockets_are_doubtful(&stream->streams->sockets))
		curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	stream_set_body(c, request);
#if LIBCURL_VERSION_NUM >= 0x075000
	curl_easy_setopt(c, CURLOPT_PREREQDATA, stream);
	if (stream_must_go_once(request))
		curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, stream_send_once);
#endif
	if (curl_multi_add_handle(stream->streams->multi, c) != CURLM_OK)
		return err_memory(err);
	return 0;
}

struct http_stream *http_stream_start(
    struct http_streams *streams, const struct http_stream_request *request, struct err *err)
{
	struct http_stream *stream = memory_take_zeroed(1, sizeof(*stream));
	stream->streams = streams;
	stream->request = *request;
	buf_init(&stream->head, HEAD_MAX);
	int result = stream_prepare(stream, err);
	stream->request.method = stream->request.url = NULL;
	stream->request.headers = NULL;
	if (result == 0)
		return stream;
	http_stream_cancel(stream);
	return NULL;
}

void http_stream_continue(struct http_stream *stream, bool reading, bool writing)
{
	int pause = CURLPAUSE_CONT;

	reading = reading && stream->read_waits;
	writing = writing && stream->body_waits;
	if (!reading && !writing)
		return;
	stream->read_waits = stream->read_waits && !reading;
	stream->body_waits = stream->body_waits && !writing;
	if (stream->read_waits)
		pause |= CURLPAUSE_SEND;
	if (stream->body_waits)
		pause |= CURLPAUSE_RECV;
	curl_easy_pause(stream->easy, pause);
	/* libcurl goes on when it is asked next, and does not always say so through its timer. */
	loop_set_timer(&stream->streams->sockets.timer, 0);
}

void http_stream_cancel(struct http_stream *stream)
{
	if (!stream)
		return;
	if (!stream->has_ended)
		curl_multi_remove_handle(stream->streams->multi, stream->easy);
	stream->next_unused = stream->streams->unused;
	stream->streams->unused = stream;
}
