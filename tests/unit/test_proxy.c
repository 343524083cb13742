#include "http/proxy.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

static void clear(void)
{
	static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
	    "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
}

/* If the environment has only NAME=VALUE, this is the proxy for the URL. */
static bool is_proxy(const char *name, const char *value, const char *url, const char *expected)
{
	char proxy[200];

	clear();
	setenv(name, value, 1);
	proxy_for(url, proxy, sizeof(proxy));
	if (strcmp(proxy, expected) != 0)
		printf("# %s\n", proxy);
	return strcmp(proxy, expected) == 0;
}

static void test_choosing(void)
{
	static const char kimi[] = "https://auth.kimi.com/x", p[] = "http://proxy:3128";

	ok(is_proxy("x", "", kimi, ""), "without variables there is no proxy");
	ok(is_proxy("https_proxy", p, kimi, p) && is_proxy("HTTPS_PROXY", p, kimi, p) &&
	        is_proxy("all_proxy", p, kimi, p) && is_proxy("ALL_PROXY", p, kimi, p),
	    "the usual variables are read");
	ok(is_proxy("http_proxy", p, kimi, ""), "http_proxy is not for https");
	ok(is_proxy("https_proxy", "", kimi, ""), "an empty variable is an unset one");
	ok(is_proxy("http_proxy", p, "http://example.com", p) &&
	        is_proxy("HTTP_PROXY", p, "http://example.com", ""),
	    "HTTP_PROXY in capitals is nobody's, since a CGI's client can set it");
	ok(is_proxy("HTTPS_PROXY", p, "HTTPS://AUTH.KIMI.COM", p), "a scheme in capitals is the same");
	clear();
	setenv("ALL_PROXY", "http://all", 1);
	setenv("HTTPS_PROXY", "http://https", 1);
	char proxy[200];
	proxy_for(kimi, proxy, sizeof(proxy));
	ok(strcmp(proxy, "http://https") == 0, "the one for the scheme comes before the one for all");
}

static void test_loopback(void)
{
	ok(is_proxy("https_proxy", "http://proxy", "https://127.0.0.1:8080/", "") &&
	        is_proxy("http_proxy", "http://proxy", "http://localhost/", "") &&
	        is_proxy("all_proxy", "http://proxy", "http://[::1]:1/", ""),
	    "loopback never goes through a proxy");
	ok(is_proxy("https_proxy", "http://proxy", "https://localhost.evil.com/", "http://proxy"),
	    "what only looks like it does");
}

static void test_socks(void)
{
	static const char kimi[] = "https://auth.kimi.com";

	ok(is_proxy("ALL_PROXY", "socks://proxy:1080", kimi, "socks5h://proxy:1080") &&
	        is_proxy("ALL_PROXY", "SOCKS://proxy", kimi, "socks5h://proxy"),
	    "socks:// is SOCKS5 with names resolved there");
	ok(is_proxy("ALL_PROXY", "socks4://proxy", kimi, "socks4://proxy") &&
	        is_proxy("ALL_PROXY", "socks5://proxy", kimi, "socks5://proxy"),
	    "a version that was named stays");
}

static void test_exceptions(void)
{
	clear();
	ok(strcmp(proxy_exceptions(), "") == 0, "there are no exceptions at first");
	setenv("NO_PROXY", "a", 1);
	ok(strcmp(proxy_exceptions(), "a") == 0, "NO_PROXY names them");
	setenv("no_proxy", "b", 1);
	ok(strcmp(proxy_exceptions(), "b") == 0, "no_proxy comes first");
}

static void test_lists(void)
{
	static const struct {
		const char *list, *host;
		bool exempt;
		unsigned port; /* 0: 443 */
	} cases[] = {
	    {"*.kimi.com", "auth.kimi.com", true, 0},
	    {"*.kimi.com", "kimi.com", true, 0},
	    {"*.kimi.com", "authkimi.com", false, 0},
	    {"a,*", "auth.kimi.com", true, 0},
	    {"* ", "10.1.2.3", true, 0},
	    {"*.", "kimi.com", false, 0},
	    {"kimi.com\r", "auth.kimi.com", true, 0},
	    {"a,kimi.com\r", "auth.kimi.com", true, 0},
	    {"10.0.0.0/8\r", "10.1.2.3", true, 0},
	    {"*\r", "kimi.com", true, 0},
	    {"kimi.com:443", "auth.kimi.com", true, 0},
	    {"kimi.com:8443", "auth.kimi.com", false, 0},
	    {"kimi.com:8443", "auth.kimi.com", true, 8443},
	    {"kimi.com:", "auth.kimi.com", false, 0},
	    {"kimi.com:443x", "auth.kimi.com", false, 0},
	    {"*.kimi.com:443", "auth.kimi.com", true, 0},
	    {"*:443", "kimi.com", true, 0},
	    {"10.0.0.1:8443", "10.0.0.1", true, 8443},
	    {"10.0.0.1:8443", "10.0.0.1", false, 443},
	    {"[fd99::1]", "fd99::1", true, 0},
	    {"[fd99::1]:8443", "fd99::1", true, 8443},
	    {"[fd99::1]:8443", "fd99::1", false, 0},
	    {"[fd99::1", "fd99::1", false, 0},
	    {"[fd99::]/16", "fd99::1", false, 0},
	    {"fd99::1:443", "fd99::1", false, 0},
	    {"", "auth.kimi.com", false, 0},
	    {"*", "auth.kimi.com", true, 0},
	    {"kimi.com", "auth.kimi.com", true, 0},
	    {".kimi.com", "auth.kimi.com", true, 0},
	    {".kimi.com", "kimi.com", true, 0},
	    {"kimi.com", "kimi.com", true, 0},
	    {"KIMI.com.", "auth.kimi.COM", true, 0},
	    {"a,b auth.kimi.com", "auth.kimi.com", true, 0},
	    {"a, kimi.com ,b", "auth.kimi.com", true, 0},
	    {"imi.com", "auth.kimi.com", false, 0},
	    {"auth.kimi.com", "kimi.com", false, 0},
	    {"com.", "kimi.com", true, 0},
	    {".", "kimi.com", false, 0},
	    {",,", "kimi.com", false, 0},
	    {"kimi.com.evil", "kimi.com", false, 0},
	    {"10.1.2.3", "10.1.2.3", true, 0},
	    {"2.3", "10.1.2.3", false, 0},
	    {"10.0.0.0/8", "10.1.2.3", true, 0},
	    {"10.1.2.0/23", "10.1.3.255", true, 0},
	    {"10.1.2.0/23", "10.1.4.0", false, 0},
	    {"10.0.0.0/33", "10.0.0.0", false, 0},
	    {"10.0.0.0/", "10.0.0.0", false, 0},
	    {"10.0.0.0/8x", "10.0.0.0", false, 0},
	    {"0.0.0.0/0", "9.9.9.9", true, 0},
	    {"0.0.0.0/0", "::1", false, 0},
	    {"fd00::/8", "fd12:3456::1", true, 0},
	    {"fd00::/8", "fe80::1", false, 0},
	    {"FE80:0::1", "fe80::1", true, 0},
	    {"10.0.0.0/8", "10.example.com", false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(proxy_is_exempt(cases[i].list, cases[i].host, cases[i].port ? cases[i].port : 443) ==
		        cases[i].exempt,
		    "NO_PROXY '%s' %s %s", cases[i].list, cases[i].exempt ? "exempts" : "does not exempt",
		    cases[i].host);
	clear();
	setenv("HTTPS_PROXY", "http://proxy", 1);
	setenv("NO_PROXY", "kimi.com", 1);
	char proxy[200];
	ok(proxy_for("https://auth.kimi.com:8443/x", proxy, sizeof(proxy)) && !*proxy,
	    "a host that it names is asked directly, though a proxy is set");
	ok(proxy_for("https://example.com", proxy, sizeof(proxy)) && strcmp(proxy, "http://proxy") == 0,
	    "others are not");
	clear();
	ok(strcmp(proxy_variable("https://example.com"), "") == 0, "no variable is named where none is set");
	ok(!proxy_for("https://example.com", proxy, sizeof(proxy)) && !*proxy,
	    "and where none is set, none is");
}

static void test_showing(void)
{
	static const struct {
		const char *proxy, *shown;
	} cases[] = {
	    {"http://proxy:3128", "http://proxy:3128"},
	    {"http://proxy:3128/", "http://proxy:3128"},
	    {"proxy:3128", "proxy:3128"},
	    {"http://user:secret@proxy:3128", "http://proxy:3128"},
	    {"http://user:secret@proxy:3128/path", "http://proxy:3128"},
	    {"user:secret@proxy", "proxy"},
	    {"http://user:se@cret@proxy", "http://proxy"},
	    {"http://user:secr/et@proxy", "http://proxy"},
	    {"http://user:secr?et@proxy", "http://proxy"},
	    {"http://user:secr#et@proxy", "http://proxy"},
	    {"user:secret://x@proxy", "proxy"},
	    {"http://user:secret@", "http://"},
	    {"http://proxy\x1B[31m", "http://proxy[31m"},
	    {"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char shown[100];
		proxy_shown(cases[i].proxy, shown, sizeof(shown));
		ok(strcmp(shown, cases[i].shown) == 0 && !strstr(shown, "sec"), "a proxy is shown as '%s'",
		    shown);
	}
}

int main(void)
{
	test_choosing();
	test_loopback();
	test_socks();
	test_exceptions();
	test_lists();
	test_showing();
	return tap_done();
}
