#include "http/url.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The authority of a URL, between "//" and the path. NULL: it has none. */
static const char *url_authority(const char *url, size_t *ret_len)
{
	const char *at = strstr(url, "://");

	if (!at)
		return NULL;
	at += 3;
	*ret_len = strcspn(at, "/?#");
	return at;
}

bool url_bare_host(const char *url, char *ret_host, size_t size)
{
	size_t len;
	const char *at = url_authority(url, &len);

	if (!at)
		return false;
	const char *host = at, *end = at + len, *host_end;
	if (*host == '[') {
		host++;
		host_end = memchr(host, ']', (size_t)(end - host));
		if (!host_end)
			return false;
		at = host_end + 1;
	} else {
		host_end = memchr(host, ':', len);
		if (!host_end)
			host_end = end;
		at = host_end;
	}
	if (at < end && (*at != ':' || strspn(at + 1, "0123456789") != (size_t)(end - at - 1)))
		return false;
	if (host_end == host || (size_t)(host_end - host) >= size)
		return false;
	snprintf(ret_host, size, "%.*s", (int)(host_end - host), host);
	return true;
}

unsigned url_port(const char *url)
{
	size_t len = 0;
	const char *at = url_authority(url, &len), *end = at + len;

	while (end > at && end[-1] >= '0' && end[-1] <= '9')
		end--;
	if (end > at && end[-1] == ':' && end < at + len)
		return (unsigned)strtoul(end, NULL, 10);
	if (strncasecmp(url, "https:", 6) == 0)
		return 443;
	return 80;
}

bool url_is_same(const char *a, const char *b)
{
	char host[2][256];
	size_t len = 0;
	const char *const urls[] = {a, b}, *path[2];

	for (int i = 0; i < 2; i++) {
		if (!url_bare_host(urls[i], host[i], sizeof(host[i])))
			return strcmp(a, b) == 0;
		size_t host_len = strlen(host[i]);
		if (host_len > 1 && host[i][host_len - 1] == '.')
			host[i][host_len - 1] = '\0';
		path[i] = url_authority(urls[i], &len);
		path[i] += len;
	}
	size_t scheme = strcspn(a, ":") + 1;
	return strncasecmp(a, b, scheme) == 0 && strcasecmp(host[0], host[1]) == 0 &&
	       url_port(a) == url_port(b) &&
	       strcmp(path[0], path[1]) == 0; // NOLINT(clang-analyzer-core.NonNullParamChecker)
}

bool url_is_loopback(const char *url)
{
	char host[256];
	struct in_addr four;
	struct in6_addr six;

	if (!url_bare_host(url, host, sizeof(host)))
		return false;
	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

int url_check(const char *url, struct err *err)
{
	char host[256];
	size_t len;
	const char *at = url_authority(url, &len);
	bool is_url = text_is_plain(url) && at && url_bare_host(url, host, sizeof(host)) &&
	              !strpbrk(url, "\\\"<>^`{|}");

	/*
	 * A user name can look like another host, and a password would appear in
	 * messages; it may contain "/".
	 */
	if (at && (memchr(at, '@', len) || (!is_url && strchr(at, '@'))))
		return err_set(
		    err, ERR_CONFIG, "remove the user name from it", "the URL contains a user name");
	if (!is_url)
		return err_set(
		    err, ERR_CONFIG, "use one like https://auth.kimi.com", "'%.200s' is not a URL", url);
	if (strncasecmp(url, "https://", 8) == 0)
		return 0;
	if (strncasecmp(url, "http://", 7) == 0 && url_is_loopback(url))
		return 0;
	return err_set(
	    err, ERR_CONFIG, "use an https URL", "'%.200s' cannot be used: only https is allowed", url);
}

void url_host(const char *url, char *ret_host, size_t size)
{
	size_t len = 0;
	const char *at = url_authority(url, &len);

	snprintf(ret_host, size, "%.*s", (int)len, at ? at : "");
}
