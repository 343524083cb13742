#include "http/proxy.h"

#include "base/env.h"
#include "base/text.h"
#include "http/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *first_set(const char *const names[])
{
	for (; *names; names++)
		if (env_get(*names))
			return env_get(*names);
	return "";
}

void proxy_for(const char *url, char *ret_proxy, size_t size)
{
	/* HTTP_PROXY in capitals can be set by a web client of a CGI program, so nobody reads it. */
	static const char *const for_https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
	static const char *const for_http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
	static const char socks[] = "socks://";

	*ret_proxy = '\0';
	if (url_is_loopback(url))
		return;
	const char *proxy = first_set(strncasecmp(url, "https:", 6) == 0 ? for_https : for_http);
	if (strncasecmp(proxy, socks, sizeof(socks) - 1) == 0)
		snprintf(ret_proxy, size, "socks5h://%s", proxy + sizeof(socks) - 1);
	else
		snprintf(ret_proxy, size, "%s", proxy);
}

const char *proxy_exceptions(void)
{
	static const char *const names[] = {"no_proxy", "NO_PROXY", NULL};

	return first_set(names);
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
