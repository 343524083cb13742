#include "http/proxy.h"

#include "base/env.h"
#include "base/text.h"
#include "http/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first of those variables that is set, "" if none is. */
static const char *first_set(const char *const names[])
{
	for (; *names; names++)
		if (env_get(*names))
			return *names;
	return "";
}

static const char *value_of(const char *name)
{
	return *name ? env_get(name) : "";
}

const char *proxy_variable(const char *url)
{
	/* HTTP_PROXY in capitals can be set by a web client of a CGI program, so nobody reads it. */
	static const char *const for_https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
	static const char *const for_http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};

	return first_set(strncasecmp(url, "https:", 6) == 0 ? for_https : for_http);
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

/* The bytes of an address; their number, 0 for what is none. */
static size_t read_address(const char *text, unsigned char ret_bytes[16])
{
	if (inet_pton(AF_INET, text, ret_bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ret_bytes) == 1 ? 16 : 0;
}

/* An entry such as 10.0.0.0/8, or an address alone. */
static bool holds_address(char *entry, const char *host)
{
	unsigned char net[16], address[16];
	char *slash = strchr(entry, '/'), *end;

	if (slash)
		*slash = '\0';
	size_t len = read_address(entry, net);
	unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : 8 * len;
	if (!len || read_address(host, address) != len || bits > 8 * len || (slash && (*end || !slash[1])))
		return false;
	size_t whole = bits / 8, rest = bits % 8;
	return memcmp(net, address, whole) == 0 &&
	       (!rest || (net[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static bool holds_name(const char *entry, const char *host)
{
	entry += strncmp(entry, "*.", 2) == 0 ? 2 : *entry == '.';
	size_t len = strlen(entry), host_len = strlen(host);

	len -= len && entry[len - 1] == '.';
	host_len -= host_len && host[host_len - 1] == '.';
	if (!len || len > host_len || strncasecmp(host + host_len - len, entry, len) != 0)
		return false;
	return len == host_len || host[host_len - len - 1] == '.';
}

/* Takes the port off "HOST:PORT", and the brackets off "[ADDRESS]". False: it is for another port. */
static bool is_for_port(char **entry, unsigned port)
{
	char *colon = strrchr(*entry, ':'), *bracket = **entry == '[' ? strchr(*entry, ']') : NULL, *end;

	/* More than one colon without brackets is an IPv6 address. */
	if (bracket)
		colon = bracket[1] == ':' ? bracket + 1 : NULL;
	else if (colon && colon != strchr(*entry, ':'))
		return true;
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
	char *copy = strdup(list), *rest;

	for (char *entry = copy ? strtok_r(copy, separators, &rest) : NULL; entry && !exempt;
	     entry = strtok_r(NULL, separators, &rest)) {
		if (is_for_port(&entry, port))
			exempt = strcmp(entry, "*") == 0 ||
			         (is_address ? holds_address(entry, host) : holds_name(entry, host));
	}
	free(copy);
	return exempt;
}

void proxy_shown(const char *proxy, char *ret_text, size_t size)
{
	size_t scheme = strcspn(proxy, ":@");
	scheme = strncmp(proxy + scheme, "://", 3) == 0 ? scheme + 3 : 0;
	/* The last "@" of all: a password may hold any character, "/" too where someone did not encode it. */
	const char *at = strrchr(proxy + scheme, '@');
	const char *start = at ? at + 1 : proxy + scheme;

	snprintf(ret_text, size, "%.*s%.*s", (int)scheme, proxy, (int)strcspn(start, "/?#"), start);
	text_clean_inplace(ret_text);
}
