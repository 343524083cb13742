#include "http/url.h"

#include "tap.h"

#include <string.h>

static const char *const good[] = {
    "https://auth.kimi.com",
    "https://auth.kimi.com/",
    "https://auth.kimi.com:8443/path?query#part",
    "HTTPS://auth.kimi.com",
    "https://xn--bcher-kva.example/",
    "https://[2001:db8::1]:443/",
    "https://auth.kimi.com/a@b",
    "https://auth.kimi.com?next=http://evil.com",
    "http://127.0.0.1",
    "http://127.0.0.1:8080/x",
    "http://127.255.255.254",
    "http://localhost:1",
    "HTTP://LocalHost/",
    "http://[::1]",
    "http://[::1]:8080/x",
    "http://[0:0:0:0:0:0:0:1]/",
};

static const char *const bad[] = {
    "",
    "https",
    "https:",
    "https://",
    "https:///path",
    "https://?x",
    "https://#x",
    "https://:443",
    "https://auth.kimi.com:port",
    "https://auth.kimi.com:1:2",
    "https://auth.kimi.com:-1",
    "auth.kimi.com",
    "//auth.kimi.com",
    "/path",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://auth.kimi.com",
    "javascript://auth.kimi.com/%0aalert(1)",
    "javascript:https://auth.kimi.com",
    "httpss://auth.kimi.com",
    " https://auth.kimi.com",
    "https://auth.kimi.com ",
    "https://auth.kimi.com/\n",
    "https://auth.kimi.com/\r\nX: y",
    "https://auth.kimi.com/\x1B[31m",
    "https://auth.kimi.com/\x7F",
    "https://auth.kimi.com\t",
    ("https://b\xC3\xBC"
     "cher.example"),
    "https://\xE2\x80\xAEmoc.imik",
    "https://auth.kimi.com\\@evil.com",
    "https:\\\\auth.kimi.com",
    "https:/\\auth.kimi.com",
    "https://auth.kimi.com/\"><x",
    "https://auth.kimi.com/`id`",
    "https://auth.kimi.com/{a,b}",
    "https://auth.kimi.com/a|b",
    "https://user@auth.kimi.com",
    "https://user:password@auth.kimi.com",
    "https://@auth.kimi.com",
    "https://auth.kimi.com@evil.com",
    "https://auth.kimi.com:443@evil.com",
    "https://auth.kimi.com%2f@evil.com",
    "https://[::1",
    "https://[]",
    "https://[::1]evil.com",
    "https://[::1]:x",
    "http://auth.kimi.com",
    "http://localhost.evil.com",
    "http://127.0.0.1.evil.com",
    "http://localhost@evil.com",
    "http://127.0.0.1@evil.com",
    "http://127.0.0.1:80@evil.com",
    "http://evil.com#@127.0.0.1",
    "http://evil.com?x=://127.0.0.1",
    "http://evil.com\\@127.0.0.1",
    "http://evil.com/127.0.0.1",
    "http://127.0.0.1%2eevil.com",
    "http://localhost.",
    "http://127.1",
    "http://0x7f.0.0.1",
    "http://2130706433",
    "http://0.0.0.0",
    "http://128.0.0.1",
    "http://0127.0.0.1",
    "http://[::]",
    "http://[::2]",
    "http://[::ffff:10.0.0.1]",
    "http://::1",
    "http://[fe80::1%25lo]",
};

static void test_checking(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(url_check(good[i], NULL) == 0, "%s may be asked", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err err = {0};
		bool refused =
		    url_check(bad[i], &err) == -1 && err.code == ERR_CONFIG && *err.what && *err.hint;
		bool shown = strstr(err.what, "password") != NULL; /* it would appear in a log */
		char name[80] = "";
		for (size_t at = 0; bad[i][at] && at < sizeof(name) - 1; at++)
			name[at] = bad[i][at] >= ' ' && bad[i][at] <= '~' ? bad[i][at] : '?';
		ok(refused && !shown, "'%s' may not be asked", name);
	}
	char long_url[1000] = "https://";
	memset(long_url + 8, 'a', sizeof(long_url) - 9);
	ok(url_check(long_url, NULL) == -1, "a host without end may not be asked");
}

static void test_loopback(void)
{
	ok(url_is_loopback("https://localhost") && url_is_loopback("https://127.9.9.9:1/x") &&
	        url_is_loopback("https://[::1]/"),
	    "loopback is loopback under https too");
	ok(!url_is_loopback("https://localhost.evil.com") && !url_is_loopback("http://127.0.0.1@evil.com") &&
	        !url_is_loopback("localhost") && !url_is_loopback("") &&
	        !url_is_loopback("https://auth.kimi.com"),
	    "and nothing else is");
}

static void test_host(void)
{
	char host[16];

	url_host("https://a.com:8443/path", host, sizeof(host));
	ok(strcmp(host, "a.com:8443") == 0, "the host is shown with its port");
	url_host("https://[::1]?x", host, sizeof(host));
	ok(strcmp(host, "[::1]") == 0, "an IPv6 address with its brackets");
	url_host("https://a-host-that-is-too-long.com", host, sizeof(host));
	ok(strcmp(host, "a-host-that-is-") == 0, "a long one is cut");
	url_host("no url", host, sizeof(host));
	ok(strcmp(host, "") == 0, "what is no URL has none");
}

static void test_same(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
	    {"https://auth.kimi.com", "https://auth.kimi.com", true},
	    {"https://auth.kimi.com", "https://auth.kimi.com:443", true},
	    {"http://localhost", "http://localhost:80", true},
	    {"https://auth.kimi.com", "HTTPS://Auth.Kimi.COM", true},
	    {"https://auth.kimi.com.", "https://auth.kimi.com", true},
	    {"https://auth.kimi.com.:443", "https://AUTH.kimi.com", true},
	    {"https://[::1]:443", "https://[::1]", true},
	    {"https://a.com/x", "https://a.com:443/x", true},
	    {"https://a.com", "https://a.com:80", false},
	    {"https://a.com", "http://a.com", false},
	    {"https://a.com:443", "http://a.com:443", false},
	    {"https://a.com", "https://a.com:8443", false},
	    {"https://a.com", "https://b.com", false},
	    {"https://a.com", "https://a.com.b", false},
	    {"https://a.com/x", "https://a.com/X", false},
	    {"https://a.com/x", "https://a.com", false},
	    {"https://[::1]", "https://[::2]", false},
	    {"", "https://a.com", false},
	    {"", "", true},
	    {"no url", "no url", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(url_is_same(cases[i].a, cases[i].b) == cases[i].same &&
		        url_is_same(cases[i].b, cases[i].a) == cases[i].same,
		    "'%s' and '%s' are %s", cases[i].a, cases[i].b,
		    cases[i].same ? "the same" : "not the same");
}

int main(void)
{
	test_checking();
	test_loopback();
	test_host();
	test_same();
	return tap_done();
}
