#include "proxy/guard.h"

#include "tap.h"

static const struct guard_rules rules = {
    .key = "sk-local-0123456789abcdef",
    .hosts = {"127.0.0.1:8080", "localhost:8080", NULL},
};

/* The status for a request with these fields, up to one without a name. */
static int check(const char *method, const char *target, const struct field *fields)
{
	size_t count = 0;

	while (fields[count].name)
		count++;
	const struct request_head request = {
	    .method = method, .target = target, .fields = fields, .count = count};
	struct guard_result result = guard_check(&rules, &request);
	if (result.status && (!result.type || !result.message))
		return -1;
	return result.status;
}

#define HOST                                                                                                 \
	{                                                                                                    \
		"Host", "127.0.0.1:8080"                                                                     \
	}
#define KEY                                                                                                  \
	{                                                                                                    \
		"Authorization", "Bearer sk-local-0123456789abcdef"                                          \
	}
#define FIELDS(...) ((const struct field[]){__VA_ARGS__, {NULL, NULL}})

static void test_order(void)
{
	const char *path = "/v1/models";

	ok(check("GET", path, FIELDS(HOST, KEY)) == 0, "a request with the key may pass");
	ok(check("GET", path,
	       FIELDS({"host", "LOCALHOST:8080"}, {"X-Api-Key", "sk-local-0123456789abcdef"})) == 0,
	    "the key may be in x-api-key, and names have any case");
	ok(check("GET", path, FIELDS(HOST, {"Authorization", "bearer sk-local-0123456789abcdef"})) == 0,
	    "the scheme has any case");
	ok(check("GET", path, FIELDS(HOST, {"Authorization", "Bearer   sk-local-0123456789abcdef"})) == 0,
	    "and any number of blanks behind it");
	ok(check("POST", path,
	       FIELDS(HOST, {"Authorization", "Bearer sk-mine"},
	           {"x-api-key", "sk-local-0123456789abcdef"})) == 0,
	    "one good key of two is enough");
	ok(check("GET", path, FIELDS(HOST)) == 401, "without a key: 401");
	ok(check("HEAD", path, FIELDS(HOST)) == 401, "HEAD without a key: 401");
	ok(check("GET", path, FIELDS(HOST, {"Authorization", "Basic sk-local-0123456789abcdef"})) == 401,
	    "another scheme: 401");
	ok(check("GET", "/../x", FIELDS(HOST)) == 401, "a bad path without a key: 401");
	ok(check("GET", "/../x", FIELDS(HOST, KEY)) == 400, "a bad path: 400");
	ok(check("CONNECT", "api.kimi.com:443", FIELDS(HOST, KEY)) == 405, "CONNECT: 405");
	ok(check("GET", "http://127.0.0.1:8080/v1/models", FIELDS(HOST, KEY)) == 400, "an absolute URL: 400");
	ok(check("OPTIONS", "*", FIELDS(HOST, KEY)) == 400, "an asterisk: 400");
	ok(check("GET", path, FIELDS(HOST, KEY, {"Origin", "http://127.0.0.1:8080"})) == 403,
	    "any Origin: 403");
	ok(check("GET", path, FIELDS(HOST, {"Origin", "null"})) == 403, "Origin is looked at before the key");
	ok(check("GET", path, FIELDS(HOST, {"Upgrade", "websocket"})) == 426, "an upgrade: 426, key or not");
	ok(check("GET", path, FIELDS(HOST, {"Upgrade", "foo, WebSocket"})) == 426,
	    "in any case, in a list too");
	ok(check("GET", path, FIELDS(HOST, KEY, {"Upgrade", "h2c"})) == 0, "an offer of HTTP/2 is ignored");
	ok(check("GET", path, FIELDS(HOST, {"Upgrade", "websocket"}, {"Origin", "x"})) == 403,
	    "an upgrade of a web page: 403");
}

static void test_default_port(void)
{
	static const struct guard_rules web = {
	    .key = "sk-local-0123456789abcdef", .hosts = {"127.0.0.1:80", "localhost:80", NULL}};
	static const struct {
		const char *host;
		int status;
	} hosts[] = {{"127.0.0.1", 0}, {"127.0.0.1:80", 0}, {"LocalHost", 0}, {"", 403}, {"127.0.0.1:", 403},
	    {"127.0.0.1:8", 403}, {"127.0.0", 403}, {"localhost:80.", 403}};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		const struct field fields[] = {{"Host", hosts[i].host}, KEY};
		const struct request_head request = {
		    .method = "GET", .target = "/v1/models", .fields = fields, .count = 2};
		ok(guard_check(&web, &request).status == hosts[i].status, "on port 80, the host '%s': %d",
		    hosts[i].host, hosts[i].status);
	}
	ok(check("GET", "/v1/models", FIELDS({"Host", "127.0.0.1"}, KEY)) == 403,
	    "on another port, a host needs the port");
}

static void test_head(void)
{
	static struct field many[FIELDS_MAX] = {HOST, KEY};
	struct request_head request = {.method = "GET", .target = "/v1/models", .fields = many, .count = 2};

	request.is_folded = true;
	ok(guard_check(&rules, &request).status == 400, "a header of several lines: 400");
	request.is_folded = false;
	for (size_t i = 2; i < FIELDS_MAX; i++)
		many[i] = (struct field){"X-Many", "1"};
	request.count = FIELDS_MAX - 1;
	ok(guard_check(&rules, &request).status == 0, "%zu headers may pass", request.count);
	request.count = FIELDS_MAX;
	ok(guard_check(&rules, &request).status == 431, "with more there may be others: 431");
}

static void test_methods(void)
{
	ok(check("PATCH", "/v1/x", FIELDS(HOST, KEY)) == 0 && check("X-NEW", "/v1/x", FIELDS(HOST, KEY)) == 0,
	    "any method may pass");
	ok(check("TRACE", "/v1/x", FIELDS(HOST, KEY)) == 405, "but TRACE, whose response has the token: 405");
	ok(check("G\tT", "/v1/x", FIELDS(HOST, KEY)) == 400 &&
	        check("G\rT", "/v1/x", FIELDS(HOST, KEY)) == 400 &&
	        check("", "/v1/x", FIELDS(HOST, KEY)) == 400,
	    "one that is no word: 400");
}

static void test_hosts(void)
{
	static const char *const bad[] = {"", "evil.example", "evil.example:8080", "127.0.0.1",
	    "127.0.0.1:80", "localhost", "127.0.0.1:8080.evil.example", "127.0.0.1:8080/#@evil",
	    "localhost:8080/#@evil", "127.0.0.1:8080, evil.example", "user@127.0.0.1:8080", "[::1]:8080",
	    "0.0.0.0:8080"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(check("GET", "/v1/models", FIELDS({"Host", bad[i]}, KEY)) == 403, "Host '%s': 403",
		    bad[i]);
	ok(check("GET", "/v1/models", FIELDS(KEY)) == 403, "no Host: 403");
	ok(check("GET", "/v1/models", FIELDS(HOST, {"Host", "evil.example"}, KEY)) == 403,
	    "two of them: 403");
}

static void test_framing(void)
{
	ok(check("POST", "/v1/x", FIELDS(HOST, KEY, {"Content-Length", "3"})) == 0, "one length is fine");
	ok(check("POST", "/v1/x", FIELDS(HOST, KEY, {"Transfer-Encoding", "Chunked"})) == 0,
	    "chunks are fine");
	ok(check("POST", "/v1/x", FIELDS(HOST, KEY, {"Content-Length", "3"}, {"content-length", "3"})) == 400,
	    "two lengths: 400");
	ok(check("POST", "/v1/x",
	       FIELDS(HOST, KEY, {"Content-Length", "3"}, {"Transfer-Encoding", "chunked"})) == 400,
	    "a length and chunks: 400");
	ok(check("POST", "/v1/x", FIELDS(HOST, KEY, {"Content-Length", "999999999999999999"})) == 0 &&
	        check("POST", "/v1/x", FIELDS(HOST, KEY, {"Content-Length", "9223372036854775808"})) == 400,
	    "a length that no number holds: 400");
	ok(check("POST", "/v1/x", FIELDS(HOST, KEY, {"Transfer-Encoding", "gzip, chunked"})) == 400,
	    "another coding: 400");
	ok(check("GET", "/v1/x", FIELDS(HOST, KEY, {"X", "a\r\nAuthorization: b"})) == 400,
	    "a line break in a value: 400");
	ok(check("GET", "/v1/x", FIELDS(HOST, KEY, {"X y", "a"})) == 400, "a blank in a name: 400");
	ok(check("GET", "/v1/x", FIELDS(HOST, KEY, {"X", "a\tb \xC3\xA8"})) == 0, "a tab and UTF-8 are fine");
}

static void test_key(void)
{
	ok(guard_is_key("abc", "abc"), "the key is the key");
	ok(!guard_is_key("abc", "abd") && !guard_is_key("abc", "ab") && !guard_is_key("abc", "abcabc") &&
	        !guard_is_key("abc", "") && !guard_is_key("abc", "abcd"),
	    "nothing else is");
	ok(!guard_is_key("", "") && !guard_is_key("", "x"), "an empty key opens nothing");
}

static void test_fields(void)
{
	const struct field up[] = {{"Host", "x"}, {"Connection", "keep-alive, X-Private"}, {"x-private", "1"},
	    {"Keep-Alive", "5"}, {"TE", "trailers"}, {"Transfer-Encoding", "chunked"},
	    {"Authorization", "Bearer k"}, {"X-API-Key", "k"}, {"Cookie", "a=b"}, {"Expect", "100-continue"},
	    {"Proxy-Authorization", "Basic x"}, {"User-Agent", "claude-cli/2"}, {"anthropic-beta", "a"},
	    {"anthropic-beta", "b"}, {"Content-Encoding", "zstd"}, {"Content-Type", "application/json"},
	    {"Accept-Encoding", "br"}};
	enum { COUNT = sizeof(up) / sizeof(up[0]), DROPPED = 11 };

	for (size_t i = 0; i < COUNT; i++)
		ok(fields_pass_up(up, COUNT, i) == (i >= DROPPED), "%s %s", up[i].name,
		    i < DROPPED ? "does not go to the server" : "goes to the server");
	const struct field down[] = {{"Connection", "close"}, {"Content-Length", "3"},
	    {"Transfer-Encoding", "chunked"}, {"Content-Encoding", "gzip"}, {"Retry-After", "1"},
	    {"x-request-id", "r"}};
	for (size_t i = 0; i < 6; i++)
		ok(fields_pass_down(down, 6, i) == (i >= 3), "%s of an answer", down[i].name);
	ok(field_lists("a, b ,C", "c") && !field_lists("ab", "a") && !field_lists("", "a") &&
	        !field_lists("a", ""),
	    "a list is taken word by word");
}

int main(void)
{
	test_order();
	test_default_port();
	test_head();
	test_methods();
	test_hosts();
	test_framing();
	test_key();
	test_fields();
	return tap_done();
}
