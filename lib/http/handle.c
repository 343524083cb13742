#include "http/handle.h"

#include "base/buf.h"
#include "base/env.h"
#include "http/proxy.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * libcurl would write every session's keys to that file, and with them a reader of the traffic has the tokens. Before
 * main(), since no thread may read the environment while it changes.
 */
__attribute__((constructor)) static void forget_key_log(void)
{
	unsetenv("SSLKEYLOGFILE");
}

static bool curl_is_ready; /* set once, before any thread of ours has a handle */

static void handle_start_curl(void)
{
	/* What is sent and what comes passes through its buffers. */
	curl_is_ready = curl_global_init_mem(
	                    CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc, strdup, calloc) == CURLE_OK;
}

bool handle_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, handle_start_curl);
	return curl_is_ready;
}

int handle_prepare(
    void *easy, const char *url, char ret_proxy[HANDLE_PROXY_MAX], bool *ret_proxy_is_set, struct err *err)
{
	CURL *c = easy;

	*ret_proxy_is_set = proxy_for(url, ret_proxy, HANDLE_PROXY_MAX);
	if (strlen(ret_proxy) == HANDLE_PROXY_MAX - 1) /* cut off, and with it perhaps what ends a password */
		return err_set(err, ERR_CONFIG, "check HTTPS_PROXY", "the proxy's URL is too long");
	curl_easy_setopt(c, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(
	    c, CURLOPT_QUICK_EXIT, 1L); /* a name server that is silent does not hold us up at the end */
#endif
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_PROXY, ret_proxy);
	curl_easy_setopt(c, CURLOPT_NOPROXY, ""); /* proxy_for() knows the exceptions */
	/* libcurl itself reads these only in its command-line tool. */
	if (env_get("SSL_CERT_FILE")) {
		curl_easy_setopt(c, CURLOPT_CAINFO, env_get("SSL_CERT_FILE"));
		curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, env_get("SSL_CERT_FILE"));
	}
	if (env_get("SSL_CERT_DIR")) {
		curl_easy_setopt(c, CURLOPT_CAPATH, env_get("SSL_CERT_DIR"));
		curl_easy_setopt(c, CURLOPT_PROXY_CAPATH, env_get("SSL_CERT_DIR"));
	}
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	return 0;
}
