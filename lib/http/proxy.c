#include "http/proxy.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The name of the first variable that is set, or "". */
static const char *first_set(const char *const names[])
{
	for (; *names; names++)
		if (env_get(*names))
			return *names;
	return "";
}

static const char *value_of(const char *name)
{
	if (!*name)
		return "";
	return env_get(name);
}

const char *proxy_variable(const char *url)
{
	/* Not HTTP_PROXY, which the client of a CGI program can set. */
	static const char *const for_https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
	static const char *const for_http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};

	if (strncasecmp(url, "https:", 6) == 0)
		return first_set(for_https);
	return first_set(for_http);
}

bool proxy_for(const char *url, char *ret_proxy, size_t size)
{
	static const char socks[] = "socks://";

	const char *proxy = value_of(proxy_variable(url));
	char host[256];
	*ret_proxy = '\0';
	if (url_is_loopback(url) || (url_bare_host(url, host, sizeof(host)) &&
	                                proxy_is_exempt(proxy_exceptions(), host, url_port(url))))
		return *proxy;
	if (strncasecmp(proxy, socks, sizeof(socks) - 1) == 0)
		snprintf(ret_proxy, size, "socks5h://%s", proxy + sizeof(socks) - 1);
	else
		snprintf(ret_proxy, size, "%s", proxy);
	return *proxy;
}

const char *proxy_exceptions(void)
{
	static const char *const names[] = {"no_proxy", "NO_PROXY", NULL};

	return value_of(first_set(names));
}

/* Parses an address and returns its length in bytes; 0: it is not an address. */
static size_t read_address(const char *text, unsigned char ret_bytes[16])
{
	if (inet_pton(AF_INET, text, ret_bytes) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, ret_bytes) == 1)
		return 16;
	return 0;
}

/* The entry is this address or, like 10.0.0.0/8, a network that contains it. */
static bool holds_address(char *entry, const char *host)
{
	unsigned char net[16], address[16];
	char *slash = strchr(entry, '/'), *end;

	if (slash)
		*slash = '\0';
	size_t len = read_address(entry, net);
	unsigned long bits = 8 * len;
	if (slash)
		bits = strtoul(slash + 1, &end, 10);
	if (!len || read_address(host, address) != len || bits > 8 * len || (slash && (*end || !slash[1])))
		return false;
	size_t whole = bits / 8, rest = bits % 8;
	return memcmp(net, address, whole) == 0 &&
	       (!rest || (net[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static bool holds_name(const char *entry, const char *host)
{
	entry += *entry == '*' && entry[1] == '.';
	entry += *entry == '.';
	size_t len = strlen(entry), host_len = strlen(host);

	len -= len && entry[len - 1] == '.';
	host_len -= host_len && host[host_len - 1] == '.';
	if (!len || len > host_len || strncasecmp(host + host_len - len, entry, len) != 0)
		return false;
	return len == host_len || host[host_len - len - 1] == '.';
}

/*
 * Removes the port from "HOST:PORT" and the brackets from "[ADDRESS]". False: the entry
 * is for another port.
 */
static bool is_for_port(char **entry, unsigned port)
{
	char *colon = strrchr(*entry, ':'), *bracket = NULL, *end;

	if (**entry == '[')
		bracket = strchr(*entry, ']');
	/* More than one colon without brackets is an IPv6 address. */
	if (!bracket && colon && colon != strchr(*entry, ':'))
		return true;
	if (bracket)
		colon = NULL;
	if (bracket && bracket[1] == ':')
		colon = bracket + 1;
	if (colon && (strtoul(colon + 1, &end, 10) != port || *end))
		return false;
	if (colon)
		*colon = '\0';
	if (bracket) {
		*bracket = '\0';
		++*entry;
	}
	return true;
}

bool proxy_is_exempt(const char *list, const char *host, unsigned port)
{
	static const char separators[] = ", \t\r\n";

	unsigned char address[16];
	bool is_address = read_address(host, address), exempt = false;
	char *copy = memory_copy(list), *rest;

	for (char *entry = strtok_r(copy, separators, &rest); entry && !exempt;
	     entry = strtok_r(NULL, separators, &rest)) {
		if (!is_for_port(&entry, port))
			continue;
		if (is_address)
			exempt = holds_address(entry, host);
		else
			exempt = holds_name(entry, host);
		exempt = exempt || strcmp(entry, "*") == 0;
	}
	free(copy);
	return exempt;
}

void proxy_shown(const char *proxy, char *ret_text, size_t size)
{
	size_t scheme = strcspn(proxy, ":@");
	if (strncmp(proxy + scheme, "://", 3) == 0)
		scheme += 3;
	else
		scheme = 0;
	/* The last "@", because a password may contain "@" or "/" that is not encoded. */
	const char *at = strrchr(proxy + scheme, '@'), *start = proxy + scheme;
	if (at)
		start = at + 1;

	snprintf(ret_text, size, "%.*s%.*s", (int)scheme, proxy, (int)strcspn(start, "/?#"), start);
	text_clean_inplace(ret_text);
}

int proxy_wants_password(const char *url, const char *host, struct err *err)
{
	const char *name = proxy_variable(url);
	char proxy[1024], shown[160], hint[160];

	proxy_for(url, proxy, sizeof(proxy));
	proxy_shown(proxy, shown, sizeof(shown));
	bool has_password = strchr(proxy, '@');
	wipe(proxy, sizeof(proxy));
	if (has_password) {
		snprintf(hint, sizeof(hint), "correct them in %s", name);
		return err_set(err, ERR_CONFIG, hint,
		    "cannot reach %s through the proxy %s: it rejected the user name and password in %s",
		    host, shown, name);
	}
	snprintf(hint, sizeof(hint), "set %s to http://USER:PASSWORD@HOST:PORT", name);
	return err_set(err, ERR_CONFIG, hint,
	    "cannot reach %s through the proxy %s: it requires a user name and a password (status 407)", host,
	    shown);
}
