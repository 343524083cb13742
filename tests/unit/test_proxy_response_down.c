#include "proxy/response_down.h"

#include "response_wire.h"
#include "tap.h"

enum { WINDOW = 128 * 1024, LOW = 64 * 1024 };

static struct response_wire wire;
static char block[WINDOW + 1];

/* Byte `at` of a body. */
static char pattern(unsigned long long at)
{
	return (char)(at % 251);
}

static void test_buffer(void)
{
	struct response_down down = {0};
	char taken[16];

	ok(response_down_has_space(&down) && response_down_take(&down, taken, sizeof(taken)) == 0,
	    "an empty one has room, and nothing to take");
	ok(!response_down_put(&down, block, WINDOW + 1) && down.len == 0,
	    "more than the window is not taken, and nothing of it");
	ok(response_down_put(&down, block, WINDOW) && down.cap == WINDOW, "exactly the window is");
	ok(!response_down_put(&down, "x", 1) && down.len == WINDOW && !response_down_has_space(&down),
	    "a full one takes no byte more");
	ok(response_down_put(&down, "", 0), "but nothing fits always");
	ok(response_down_take(&down, taken, 1) == 1 && response_down_put(&down, "x", 1) && down.cap == WINDOW,
	    "for each byte that was taken there is room for one, in the same memory");
	while (down.len > LOW + 1)
		response_down_take(&down, taken, 1);
	ok(!response_down_has_space(&down), "it has room only for a piece that is worth it");
	ok(response_down_take(&down, taken, 1) == 1 && response_down_has_space(&down),
	    "which half the window is");
	unsigned long long total = down.total;
	while (response_down_take(&down, taken, sizeof(taken)))
		;
	ok(total == LOW + 1 && down.total == WINDOW + 1, "what was taken is counted");
	response_down_release(&down);
}

/* Puts and takes `total` bytes in pieces of these sizes. False: a byte is wrong. */
static bool pump(size_t total, size_t put_size, size_t take_size)
{
	struct response_down down = {0};
	size_t put = 0, taken = 0;
	bool right = true;

	while (right && taken < total) {
		size_t len = put_size < total - put ? put_size : total - put;
		for (size_t i = 0; i < len; i++)
			block[i] = pattern(put + i);
		if (response_down_put(&down, block, len))
			put += len;
		size_t n = response_down_take(&down, block, take_size);
		for (size_t i = 0; i < n; i++)
			right = right && block[i] == pattern(taken + i);
		taken += n;
		right = right && n && down.cap <= WINDOW;
	}
	response_down_release(&down);
	return right;
}

static void test_flow(void)
{
	static const size_t sizes[][2] = {
	    {1, 1}, {16384, 1000}, {WINDOW, WINDOW}, {16384, 65536}, {77, 3000}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		ok(pump(1000001, sizes[i][0], sizes[i][1]), "pieces of %zu and %zu come in order",
		    sizes[i][0], sizes[i][1]);
}

static void test_end(void)
{
	struct response_down down = {0};
	struct err err;
	char taken[4];

	response_down_put(&down, "abc", 3);
	response_down_end(&down, NULL);
	ok(down.ended && !down.broken && !down.failure, "an end without an error is whole");
	ok(response_down_take(&down, taken, 4) == 3, "what came before the end can be taken after it");
	response_down_clear(&down);
	err_set(&err, ERR_NETWORK, "try again", "reset");
	response_down_end(&down, &err);
	ok(down.ended && down.broken && strcmp(down.failure, "reset; try again") == 0,
	    "an end with an error is broken, and says why");
	err_set(&err, ERR_NETWORK, NULL, "reset again");
	response_down_end(&down, &err);
	ok(strcmp(down.failure, "reset again") == 0, "the last error counts");
	response_down_head(&down, 200, "X: y");
	response_down_put(&down, "abc", 3);
	response_down_clear(&down);
	ok(!down.head && !down.ended && !down.broken && response_down_take(&down, taken, 4) == 0,
	    "nothing is left of what was discarded");
	response_down_release(&down);
}

/* The body as exchange.c provides it, except that it never waits. */
static ssize_t give(void *context, uint64_t position, char *to, size_t size)
{
	struct response_down *down = context;
	size_t n = response_down_take(down, to, size);

	(void)position;
	if (n)
		return (ssize_t)n;
	if (down->broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return MHD_CONTENT_READER_END_OF_STREAM;
}

/* What a client gets for that method: the whole body, or its beginning and the error. */
static struct response_down pass(
    const char *method, int status, const char *lines, const char *body, const struct err *err)
{
	struct response_down down = {.is_head = strcmp(method, "HEAD") == 0};

	response_down_head(&down, status, lines);
	response_down_put(&down, body, strlen(body));
	response_down_end(&down, err);
	if (!response_down_respond(&down, give, &down))
		exit(1);
	if (down.head)
		exit(1);
	response_wire_read(&wire, method, down.mhd, (unsigned)status);
	const struct response_down counts = {.whole = down.whole, .total = down.total};
	response_down_release(&down);
	return counts;
}

static bool has_body(const char *expected)
{
	return wire.body_len == strlen(expected) && memcmp(wire.body, expected, wire.body_len) == 0;
}

static void test_bodies(void)
{
	struct err err;

	struct response_down down = pass("GET", 200, "Content-Length: 5", "hello", NULL);
	ok(response_wire_has(&wire, "Content-Length: 5") && has_body("hello") && down.whole == 5 &&
	        down.total == 0,
	    "a body that is there as a whole goes out with the response");
	down = pass("GET", 200, "Transfer-Encoding: chunked", "hello", NULL);
	ok(response_wire_has(&wire, "Transfer-Encoding: chunked") && has_body("5\r\nhello\r\n0\r\n\r\n") &&
	        down.whole == 0 && down.total == 5,
	    "one of unknown length goes out in chunks, and is counted as it goes");
	pass("GET", 200, "Content-Length: 9\r\nTransfer-Encoding: chunked", "hello", NULL);
	ok(!strstr(wire.head, "Content-Length") && has_body("5\r\nhello\r\n0\r\n\r\n"),
	    "a length beside chunks does not count");
	pass("GET", 200, "Content-Length: 5x", "hello", NULL);
	ok(!strstr(wire.head, "Content-Length") && has_body("5\r\nhello\r\n0\r\n\r\n"),
	    "a length that is no number does not, either");
	pass("GET", 200, "Content-Length: 18446744073709551615", "hello", NULL);
	ok(!strstr(wire.head, "Content-Length") && has_body("5\r\nhello\r\n0\r\n\r\n"),
	    "nor one that no body has");
	err_set(&err, ERR_NETWORK, NULL, "reset");
	pass("GET", 200, "Content-Length: 9", "hello", &err);
	ok(response_wire_has(&wire, "Content-Length: 9") && has_body("hello"),
	    "a broken one ends before its length");
	pass("GET", 200, "Transfer-Encoding: chunked", "hello", &err);
	ok(!strstr(wire.text + wire.len - wire.body_len, "\r\n0\r\n"), "or without the last chunk");
	down = pass("HEAD", 200, "Content-Length: 1234", "", NULL);
	ok(response_wire_has(&wire, "Content-Length: 1234") && has_body("") && down.whole == 0 &&
	        down.total == 0,
	    "the answer to HEAD has the length and no body");
	pass("HEAD", 200, "X: y", "", NULL);
	ok(response_wire_has(&wire, "X: y") && has_body("") && !strstr(wire.head, "Content-Length"),
	    "or not even the length");
	pass("GET", 204, "X: y", "", NULL);
	ok(wire.status == 204 && has_body("") && !strstr(wire.head, "Content-Length") &&
	        !strstr(wire.head, "Transfer-Encoding"),
	    "204 has neither a body nor a length");
	pass("GET", 304, "ETag: \"a\"", "", NULL);
	ok(wire.status == 304 && has_body("") && response_wire_has(&wire, "ETag: \"a\"") &&
	        !strstr(wire.head, "Content-Length"),
	    "304 has no body");
	pass("GET", 304, "Content-Length: 1234", "", NULL);
	ok(response_wire_has(&wire, "Content-Length: 1234") && has_body(""), "but maybe a length");
}

static void test_fields(void)
{
	pass("GET", 302,
	    "Content-Length: 0\r\nLocation: http://elsewhere/\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n"
	    "Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nConnection: X-Hop, keep-alive\r\n"
	    "X-Hop: 1\r\nTrailer: X-T\r\nUpgrade: h2c\r\nContent-Encoding: gzip\r\nX-Empty:\r\n"
	    "no header\r\nB\tad: 1\r\nX-Cut: a\x01",
	    "", NULL);
	static const char *const passed[] = {"Location: http://elsewhere/", "Set-Cookie: a=b",
	    "Set-Cookie: c=d", "Content-Encoding: gzip", "Content-Length: 0"};
	static const char *const dropped[] = {
	    "Keep-Alive", "Proxy-Auth", "X-Hop", "Trailer", "Upgrade", "no header", "ad: 1", "X-Cut"};
	bool right = wire.status == 302;
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		right = right && response_wire_has(&wire, passed[i]);
	ok(right, "fields pass as they are, those of one name each");
	right = true;
	for (size_t i = 0; i < sizeof(dropped) / sizeof(*dropped); i++)
		right = right && !strstr(wire.head, dropped[i]);
	ok(right, "those of the hop do not, nor what is no field");
	ok(strstr(wire.head, "X-Empty:"), "an empty field passes, too");
	pass("GET", 200, "Content-Length: 0\r\nX-Fold: a\r\n b\r\n\tc\r\nX-Last: d", "", NULL);
	ok(response_wire_has(&wire, "X-Fold: a   b   c") && response_wire_has(&wire, "X-Last: d"),
	    "a value of several lines is one");
	pass("GET", 200, " a\r\nContent-Length: 0", "", NULL);
	ok(response_wire_has(&wire, "Content-Length: 0") && !strstr(wire.head, " a\r"),
	    "unless no line comes before");
}

static void test_refusal(void)
{
	struct response_down down = {0};

	bool made = response_down_refuse(&down, "/v1/messages", 403, "permission_error", "no");
	ok(made && down.status == 403 && down.whole > 0 && down.total == 0, "a refusal has its body");
	response_down_clear(&down);
	ok(!down.mhd && down.whole == 0, "and none once it was discarded");
	down.is_head = true;
	made = response_down_refuse(&down, "/v1/models", 403, "permission_error", "no");
	response_wire_read(&wire, "HEAD", down.mhd, 403);
	ok(made && down.whole == 0 && has_body("") && strstr(wire.head, "Content-Length: "),
	    "one of HEAD has its length alone");
	response_down_release(&down);
}

int main(void)
{
	test_buffer();
	test_flow();
	test_end();
	test_bodies();
	test_fields();
	test_refusal();
	return tap_done();
}
