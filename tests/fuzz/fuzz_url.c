/* An accepted URL is what libcurl will use: https, or http to loopback, and without a user name. */
#include "base/text.h"
#include "http/proxy.h"
#include "http/url.h"

#include "fuzz.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <strings.h>

static bool is_loopback_for_curl(CURLU *parsed)
{
	char *host = NULL;
	struct in_addr four;

	need(curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK);
	bool loopback = strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	                (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127);
	curl_free(host);
	return loopback;
}

static void try_url(const char *url)
{
	struct err err = {0};
	char *part = NULL, host[200];

	if (url_check(url, &err) < 0) {
		need(err.code == ERR_CONFIG && *err.what && *err.hint);
		return;
	}
	bool is_http = strncasecmp(url, "http:", 5) == 0;
	need(text_is_plain(url) && (is_http || strncasecmp(url, "https:", 6) == 0));
	need(!is_http || url_is_loopback(url));
	url_host(url, host, sizeof(host));
	need(*host && !strpbrk(host, "@/?#\\"));
	CURLU *parsed = curl_url();
	if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK) {
		/* We do not accept short forms such as 127.1, which is the safe choice. */
		need(!url_is_loopback(url) || is_loopback_for_curl(parsed));
		need(curl_url_get(parsed, CURLUPART_USER, &part, 0) == CURLUE_NO_USER);
		need(curl_url_get(parsed, CURLUPART_SCHEME, &part, 0) == CURLUE_OK);
		need(strcasecmp(part, is_http ? "http" : "https") == 0);
		curl_free(part);
	}
	curl_url_cleanup(parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), shown[80];

	try_url(text);
	proxy_shown(text, shown, sizeof(shown));
	need(!strchr(shown, '@') && !strpbrk(shown, "\n\r\t\x1B\x7F"));
	free(text);
	return 0;
}
