#include "http/handle.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/memory.h"
#include "http/proxy.h"

#include <curl/curl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Prevents libcurl from writing the TLS session keys to a file: whoever has them can read
 * the tokens in recorded traffic. Runs before main(), because no thread may read the
 * environment while it changes.
 */
__attribute__((constructor)) static void forget_key_log(void)
{
	unsetenv("SSLKEYLOGFILE");
}

enum {
	LARGE_BLOCK = 128 * 1024,
	MULTI_QUICK_EXIT = 21 /* CURLMOPT_QUICK_EXIT, which headers before 8.20 do not have */
};

static bool curl_is_ready; /* set once, before any thread of ours has a handle */

static void handle_start_curl(void)
{
#ifdef M_PERTURB
	/* TLS libraries do not use our allocator. Let libc overwrite all memory that is freed. */
	mallopt(M_PERTURB, 0xa5);
	/* With an arena per thread, threads would not reuse the memory that others have freed. */
	mallopt(M_ARENA_MAX, 1);
	/* Large buffers that grow must not leave holes in the heap. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
#endif
	/* Requests and responses with secrets are in its buffers. */
	curl_is_ready = curl_global_init_mem(
	                    CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc, strdup, calloc) == CURLE_OK;
}

static void handle_start_curl_with_memory(void)
{
	curl_is_ready = curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_take, wipe_free, wipe_resize,
	                    memory_copy, memory_take_zeroed) == CURLE_OK;
}

static void *handle_new_multi(void (*start)(void))
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
	CURLM *multi = curl_is_ready ? curl_multi_init() : NULL;
	if (multi) /* Since 8.20 also the multi handle would wait for slow DNS. Others do not know the option. */
		curl_multi_setopt(multi, (CURLMoption)MULTI_QUICK_EXIT, 1L);
	return multi;
}

void *handle_multi(void)
{
	return handle_new_multi(handle_start_curl);
}

void *handle_multi_with_memory(void)
{
	return handle_new_multi(handle_start_curl_with_memory);
}

int handle_prepare(void *easy, const char *url, struct handle_proxy *ret_proxy, struct err *err)
{
	CURL *c = easy;

	ret_proxy->is_set = proxy_for(url, ret_proxy->url, sizeof(ret_proxy->url));
	if (strlen(ret_proxy->url) == sizeof(ret_proxy->url) - 1) /* it was cut */
		return err_set(err, ERR_CONFIG, "check HTTPS_PROXY", "the proxy's URL is too long");
	curl_easy_setopt(c, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* do not wait for slow DNS at exit */
#endif
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_PROXY, ret_proxy->url);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_NOPROXY, ""); /* proxy_for() handles the exceptions */
	/* Only the curl tool reads these variables, not libcurl. */
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

bool handle_is_nonsense(int code)
{
	/* Some versions of libcurl have the last for a folded line that follows no header. */
	return code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL ||
	       code == CURLE_BAD_FUNCTION_ARGUMENT;
}
