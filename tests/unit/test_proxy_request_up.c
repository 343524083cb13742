#include "proxy/request_up.h"

#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server on loopback that keeps what it receives. */
static struct server {
	struct loop *loop;
	int fd, connection;
	struct loop_watch watch;
	char text[8192];
	size_t len;
	char base_url[64];
} server;

static struct loop loop;
static struct http_streams *streams;

static void server_read(void *context, uint32_t events)
{
	(void)context, (void)events;
	ssize_t n = read(server.connection, server.text + server.len, sizeof(server.text) - 1 - server.len);
	if (n <= 0)
		exit(1);
	server.len += (size_t)n;
	server.text[server.len] = '\0';
}

static void server_accept(void *context, uint32_t events)
{
	(void)context, (void)events;
	server.connection = accept(server.fd, NULL, NULL);
	loop_remove(&loop, &server.watch);
	loop_watch(&loop, &server.watch, server.connection, EPOLLIN, server_read, NULL);
}

static void server_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server.fd, (struct sockaddr *)&address, len) < 0 || listen(server.fd, 4) < 0 ||
	    getsockname(server.fd, (struct sockaddr *)&address, &len) < 0)
		exit(1);
	snprintf(
	    server.base_url, sizeof(server.base_url), "http://127.0.0.1:%d/base/v1", ntohs(address.sin_port));
}

static const char *body_left;

static long read_body(void *context, char *to, size_t size)
{
	size_t len = strlen(body_left);

	(void)context;
	if (len > size)
		len = size;
	memcpy(to, body_left, len);
	body_left += len;
	return (long)len;
}

static void end(void *context, const struct err *err)
{
	(void)context, (void)err;
}

/* Sends the request until the server has received `last`. */
static void send_until(const struct request_up *up, const char *method, const char *target, const char *body,
    long long body_len, const char *last)
{
	const struct http_stream_request request = {
	    .method = method, .body_len = body_len, .read = read_body, .end = end};
	struct err err;

	body_left = body;
	server.len = 0;
	*server.text = '\0';
	struct http_stream *stream =
	    request_up_send(up, streams, request, target, "at-secret", server.base_url, &err);
	if (!stream) {
		printf("# %s\n", err.what);
		return;
	}
	loop_watch(&loop, &server.watch, server.fd, EPOLLIN, server_accept, NULL);
	while (!strstr(server.text, last))
		loop_turn(&loop);
	http_stream_cancel(stream);
	loop_remove(&loop, &server.watch);
	close(server.connection);
}

static bool begins_with(const char *line)
{
	return strncmp(server.text, line, strlen(line)) == 0;
}

static size_t count_lines(void)
{
	size_t count = 0;

	for (const char *at = server.text; (at = strstr(at, "\r\n")); at += 2)
		count++;
	return count;
}

static bool has_line(const char *line)
{
	char text[300];

	snprintf(text, sizeof(text), "\r\n%s\r\n", line);
	return strstr(server.text, text);
}

static void test_lengths(void)
{
	const struct field none[] = {{"Host", "x"}}, zero[] = {{"Content-Length", "0"}},
	                   five[] = {{"content-length", "5"}}, big[] = {{"Content-Length", "5000000000"}},
	                   chunks[] = {{"transfer-encoding", "Chunked"}};

	ok(request_up_body_len(none, 0) == HTTP_STREAM_NO_BODY &&
	        request_up_body_len(none, 1) == HTTP_STREAM_NO_BODY,
	    "without a length there is no body");
	ok(request_up_body_len(zero, 1) == 0, "a body of length 0 is one");
	ok(request_up_body_len(five, 1) == 5 && request_up_body_len(big, 1) == 5000000000,
	    "a length is in bytes");
	ok(request_up_body_len(chunks, 1) == HTTP_STREAM_CHUNKED, "chunks have no length");
}

static void test_fields(void)
{
	const struct field fields[] = {{"Host", "127.0.0.1:1"}, {"User-Agent", "claude-cli/2"},
	    {"anthropic-beta", "one"}, {"anthropic-beta", "two"}, {"X-Empty", ""},
	    {"Authorization", "Bearer sk-local"}, {"X-Api-Key", "sk-local"}, {"Cookie", "a=b"},
	    {"Connection", "keep-alive, X-Hop"}, {"X-Hop", "1"}, {"TE", "trailers"},
	    {"Proxy-Authorization", "Basic x"}, {"Expect", "100-continue"}, {"Content-Length", "3"},
	    {"Content-Type", "text/plain"}, {"Accept", "*/*"}};
	struct request_up up = {0};

	request_up_take(&up, fields, sizeof(fields) / sizeof(*fields));
	send_until(&up, "POST", "/v1/x?a=%2F", "abc", 3, "\r\n\r\nabc");
	ok(begins_with("POST /base/v1/x?a=%2F HTTP/1.1\r\n"),
	    "the target is put behind the base URL as it came");
	ok(has_line("User-Agent: claude-cli/2") && has_line("anthropic-beta: one") &&
	        has_line("anthropic-beta: two") && has_line("X-Empty:") &&
	        has_line("Content-Type: text/plain") && has_line("Accept: */*"),
	    "fields pass as they are");
	ok(has_line("Authorization: Bearer at-secret") && !strstr(server.text, "sk-local"),
	    "the secret takes the place of the local key");
	ok(has_line("Content-Length: 3"), "the length is that of the body");
	char host[80];
	snprintf(
	    host, sizeof(host), "Host: %.*s", (int)strcspn(server.base_url + 7, "/"), server.base_url + 7);
	ok(has_line(host), "the host is the server");
	ok(count_lines() == 11, "nothing else is sent: neither the hop's fields nor cookies");
	send_until(&up, "POST", "/v1/x?a=%2F", "abc", 3, "\r\n\r\nabc");
	ok(count_lines() == 11 && has_line("anthropic-beta: two"), "and it can be sent once more");
	request_up_release(&up);
	request_up_release(&up);
	ok(!up.headers, "it may be released twice");
}

static void test_silence(void)
{
	const struct field chunks[] = {{"Transfer-Encoding", "chunked"}};
	struct request_up up = {0};

	request_up_take(&up, NULL, 0);
	send_until(&up, "GET", "/models", "", HTTP_STREAM_NO_BODY, "\r\n\r\n");
	ok(begins_with("GET /base/v1/models HTTP/1.1\r\n") && count_lines() == 4,
	    "a request without fields gets none but Host and the secret");
	send_until(&up, "POST", "/v1", "", 0, "\r\n\r\n");
	ok(begins_with("POST /base/v1 HTTP/1.1\r\n") && has_line("Content-Length: 0") && count_lines() == 5,
	    "a body of length 0 is said to be one");
	send_until(&up, "GET", "/v1/{x}?\"^|<>`[]", "", HTTP_STREAM_NO_BODY, "\r\n\r\n");
	ok(begins_with("GET /base/v1/{x}?\"^|<>`[] HTTP/1.1\r\n"),
	    "characters that should be encoded pass as they came");
	request_up_release(&up);
	request_up_take(&up, chunks, 1);
	send_until(&up, "PUT", "/x", "abc", HTTP_STREAM_CHUNKED, "\r\n0\r\n\r\n");
	ok(has_line("Transfer-Encoding: chunked") && !strstr(server.text, "Expect") &&
	        strstr(server.text, "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
	    "a body of unknown length goes in chunks, and waits for nothing");
	request_up_release(&up);
}

/* The sanitizers check that everything was freed. */
static void test_cancelling(void)
{
	const struct http_stream_request request = {
	    .method = "GET", .body_len = HTTP_STREAM_NO_BODY, .read = read_body, .end = end};
	struct request_up up = {0};
	struct err err;
	int started = 0;

	request_up_take(&up, NULL, 0);
	for (int i = 0; i < 3; i++) {
		struct http_stream *stream =
		    request_up_send(&up, streams, request, "/x", "at-secret", server.base_url, &err);
		started += stream != NULL;
		loop_turn(&loop); /* it connects */
		http_stream_cancel(stream);
	}
	ok(started == 3, "a request can be cancelled while it connects");
	request_up_release(&up);
}

int main(void)
{
	struct err err;

	server_open();
	if (loop_open(&loop, &err) < 0 || !(streams = http_streams_open(&loop, &err)))
		return 1;
	test_lengths();
	test_fields();
	test_silence();
	test_cancelling();
	http_streams_close(streams);
	loop_close(&loop);
	return tap_done();
}
