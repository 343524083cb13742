#include "http/stream.h"

#include "base/buf.h"
#include "base/memory.h"
#include "http/handle.h"
#include "http/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CONNECT_MS = 15000,
	HEAD_MAX = 256 * 1024,
	LARGE_BODY = 1024 * 1024,
	KEEPALIVE_S = 60,     /* between probes of a server that is silent */
	IDLE_S = 50,          /* less than servers keep a connection for the next request */
	IDLE_CONNECTIONS = 64 /* kept at most */
};

struct http_streams {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer timer;
};

struct http_stream {
	struct http_streams *streams;
	struct http_stream_request request; /* the callbacks; its texts belong to the caller */
	CURL *easy;
	struct curl_slist *headers;
	struct buf head;
	bool has_head;
	bool read_waits, body_waits;
	bool has_proxy;
	char detail[CURL_ERROR_SIZE];
};

static void streams_collect(struct http_streams *streams);

static void streams_socket_ready(void *context, uint32_t events);

/* A socket of libcurl's. */
struct stream_socket {
	struct http_streams *streams;
	struct loop_watch watch;
};

static void streams_act(struct http_streams *streams, curl_socket_t socket, int action)
{
	int running;

	curl_multi_socket_action(streams->multi, socket, action, &running);
	streams_collect(streams);
}

static void streams_socket_ready(void *context, uint32_t events)
{
	struct stream_socket *socket = context;
	int action = 0;

	if (events & (EPOLLIN | EPOLLHUP))
		action |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		action |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		action |= CURL_CSELECT_ERR;
	streams_act(socket->streams, socket->watch.fd, action);
}

static void streams_timer_fired(void *context)
{
	streams_act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int streams_set_timer(CURLM *multi, long milliseconds, void *context)
{
	struct http_streams *streams = context;

	(void)multi;
	loop_set_timer(&streams->timer, milliseconds);
	return 0;
}

static int streams_watch(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	struct http_streams *streams = context;
	struct stream_socket *socket = assigned;
	uint32_t events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (socket)
			loop_remove(streams->loop, &socket->watch);
		free(socket);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	if (socket) {
		loop_change(streams->loop, &socket->watch, events);
		return 0;
	}
	socket = memory_take_zeroed(1, sizeof(*socket));
	socket->streams = streams;
	curl_multi_assign(streams->multi, fd, socket);
	return loop_watch(streams->loop, &socket->watch, fd, events, streams_socket_ready, socket) < 0 ? -1
	                                                                                               : 0;
}

struct http_streams *http_streams_open(struct loop *loop, struct err *err)
{
	struct http_streams *streams = memory_take_zeroed(1, sizeof(*streams));

	streams->loop = loop;
	streams->multi = handle_init() ? curl_multi_init() : NULL;
	if (!streams->multi) {
		free(streams);
		err_memory(err);
		return NULL;
	}
	loop_add_timer(loop, &streams->timer, streams_timer_fired, streams);
	curl_multi_setopt(streams->multi, CURLMOPT_SOCKETFUNCTION, streams_watch);
	curl_multi_setopt(streams->multi, CURLMOPT_SOCKETDATA, streams);
	curl_multi_setopt(streams->multi, CURLMOPT_TIMERFUNCTION, streams_set_timer);
	curl_multi_setopt(streams->multi, CURLMOPT_TIMERDATA, streams);
	curl_multi_setopt(streams->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
	curl_multi_setopt(streams->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return streams;
}

void http_streams_close(struct http_streams *streams)
{
	if (!streams)
		return;
	curl_multi_cleanup(streams->multi);
	loop_forget_timer(streams->loop, &streams->timer);
	free(streams);
}

/* The head of an interim answer (1xx) or a trailer is nobody's. */
static size_t stream_take_header(char *line, size_t one, size_t len, void *context)
{
	struct http_stream *stream = context;
	long status = 0;

	(void)one;
	if (stream->has_head)
		return len;
	if (len >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		buf_clear(&stream->head);
	} else if (*line != '\r' && *line != '\n') {
		buf_add(&stream->head, line, len);
	} else {
		curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &status);
		stream->has_head = status >= 200;
		if (stream->has_head && !stream->head.failed)
			stream->request.head(stream->request.context, status, stream->head.data);
		if (stream->has_head)
			buf_release(&stream->head);
	}
	return stream->head.failed ? 0 : len;
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
	return len == HTTP_STREAM_ABORT ? CURL_READFUNC_ABORT : (size_t)len;
}

/* The body is sent as it is read; nothing is sent twice, since it cannot be rewound. */
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
	/* libcurl keeps it until the answer has ended. */
	curl_easy_setopt(
	    c, CURLOPT_UPLOAD_BUFFERSIZE, request->body_len > LARGE_BODY ? 64L * 1024 : 16L * 1024);
}

static int stream_prepare(struct http_stream *stream, struct err *err)
{
	const struct http_stream_request *request = &stream->request;
	char proxy[HANDLE_PROXY_MAX];
	bool proxy_is_set;

	stream->easy = curl_easy_init();
	if (!stream->easy)
		return err_memory(err);
	CURL *c = stream->easy;
	for (const char *const *line = request->headers; *line; line++) {
		struct curl_slist *more = curl_slist_append(stream->headers, *line);
		if (!more)
			return err_memory(err);
		stream->headers = more;
	}
	if (handle_prepare(c, request->url, proxy, &proxy_is_set, err) < 0)
		return -1;
	stream->has_proxy = *proxy;
	wipe(proxy, sizeof(proxy));
	curl_easy_setopt(c, CURLOPT_PRIVATE, stream);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, stream->headers);
	curl_easy_setopt(c, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
	curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, stream->detail);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, stream_take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, stream);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, stream_take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, stream);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, stream_read);
	curl_easy_setopt(c, CURLOPT_READDATA, stream);
	stream_set_body(c, request);
	return curl_multi_add_handle(stream->streams->multi, c) == CURLM_OK ? 0 : err_memory(err);
}

struct http_stream *http_stream_start(
    struct http_streams *streams, const struct http_stream_request *request, struct err *err)
{
	if (url_check(request->url, err) < 0)
		return NULL;
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
	loop_set_timer(&stream->streams->timer, 0);
}

void http_stream_cancel(struct http_stream *stream)
{
	if (!stream)
		return;
	if (stream->easy)
		curl_multi_remove_handle(stream->streams->multi, stream->easy);
	curl_easy_cleanup(stream->easy);
	curl_slist_free_all(stream->headers);
	buf_release(&stream->head);
	free(stream);
}

/* libcurl quotes the URL of a proxy in what it says of it, and so its password. */
static void stream_explain(const struct http_stream *stream, CURLcode code, struct err *err)
{
	const char *detail =
	    *stream->detail && !stream->has_proxy ? stream->detail : curl_easy_strerror(code);
	char *url = NULL;
	char host[160];

	curl_easy_getinfo(stream->easy, CURLINFO_EFFECTIVE_URL, &url);
	url_host(url ? url : "", host, sizeof(host));
	err_set(err, ERR_NETWORK, "check the network, then try again", "cannot reach %s%s: %s", host,
	    stream->has_proxy ? " through the proxy" : "", detail);
}

/* Those that have ended. `end` may start and cancel any of them. */
static void streams_collect(struct http_streams *streams)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(streams->multi, &left))) {
		CURLcode code = message->data.result;
		struct http_stream *stream = NULL;
		struct err err = {0};

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&stream);
		if (code == CURLE_OK && !stream->has_head)
			code = CURLE_GOT_NOTHING;
		if (code != CURLE_OK)
			stream_explain(stream, code, &err);
		stream->request.end(stream->request.context, code == CURLE_OK ? NULL : &err);
	}
}
