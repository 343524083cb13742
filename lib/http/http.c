#include "http/http.h"

#include "base/clock.h"
#include "base/env.h"
#include "base/signals.h"
#include "base/text.h"
#include "http/handle.h"
#include "http/proxy.h"
#include "http/url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <zlib.h>

/* libcurl itself keeps all headers, and limits only those before the body (300 KiB). */
enum { CONNECT_MS = 3000, HEADERS_MAX = 512 * 1024, RETRY_AFTER_MAX_S = 86400 };

static const char user_agent[] = "kimi-toolkit/" KIMI_VERSION;

void http_release(struct http_response *response)
{
	buf_release(&response->body);
}

void http_form_add(struct buf *form, const char *name, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	if (form->len)
		buf_addch(form, '&');
	buf_addstr(form, name);
	buf_addch(form, '=');
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~", c)) {
			buf_addch(form, (char)c);
		} else {
			char escaped[] = {'%', digits[c >> 4], digits[c & 15]};
			buf_add(form, escaped, sizeof(escaped));
		}
	}
}

struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	const struct http_request *request;
	struct http_response *response;
	struct err *err;
	bool too_large;
	size_t headers_len; /* with those of interim responses and the trailers */
	double retry_date;  /* a Retry-After that is a date, seconds since the epoch; 0: none */
	bool has_head;      /* the headers are complete; libcurl does not check that */
	CURLcode code;
	char detail[CURL_ERROR_SIZE];
	struct handle_proxy proxy;
};

static size_t take_body(char *bytes, size_t one, size_t len, void *context)
{
	struct transfer *t = context;

	(void)one;
	buf_add(&t->response->body, bytes, len);
	t->too_large = t->response->body.failed;
	if (t->too_large)
		return 0;
	return len;
}

static bool header_is(const char *line, size_t len, const char *name, const char **ret_value)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0)
		return false;
	*ret_value = line + n;
	while (*ret_value < line + len && (**ret_value == ' ' || **ret_value == '\t'))
		(*ret_value)++;
	return true;
}

/* Seconds since the epoch; 0: not a date. */
static double read_date(const char *start, const char *end)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)(end - start < 60 ? end - start : 60), start);
	time_t date = curl_getdate(text, NULL);
	if (date > 0)
		return (double)date;
	return 0;
}

/* Seconds, or a date. */
static void read_retry_after(struct transfer *t, const char *start, const char *end)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)(end - start < 60 ? end - start : 60), start);
	size_t digits = strspn(text, "0123456789");
	if (digits && !text[digits + strspn(text + digits, " \t\r\n")])
		t->response->retry_after = strtod(text, NULL);
	else if (!digits)
		t->retry_date = read_date(start, end);
}

static size_t take_header(char *line, size_t one, size_t len, void *context)
{
	struct transfer *t = context;
	const char *value, *end = line + len;

	(void)one;
	t->headers_len += len;
	if (t->headers_len > HEADERS_MAX)
		return 0;
	if (header_is(line, len, "HTTP/", &value)) { /* forget those of a 1xx */
		t->has_head = false;
		t->response->retry_after = 0;
		t->retry_date = 0;
		t->response->date = 0;
		t->response->is_html = false;
	} else if (header_is(line, len, "Content-Type:", &value)) {
		t->response->is_html = end - value >= 9 && strncasecmp(value, "text/html", 9) == 0;
	} else if (header_is(line, len, "Retry-After:", &value)) {
		read_retry_after(t, value, end);
	} else if (header_is(line, len, "Date:", &value)) {
		t->response->date = read_date(value, end);
	} else if (*line == '\r' || *line == '\n') {
		t->has_head = true;
	}
	return len;
}

static int http_prepare(struct transfer *t, CURLM *multi)
{
	const struct http_request *request = t->request;
	struct err *err = t->err;

	t->easy = curl_easy_init();
	if (!t->easy)
		return err_memory(err);
	for (const char *const *line = request->headers; line && *line; line++) {
		struct curl_slist *more = curl_slist_append(t->headers, *line);
		if (!more)
			return err_memory(err);
		t->headers = more;
	}
	CURL *c = t->easy;
	if (handle_prepare(c, request->url, &t->proxy, err) < 0)
		return -1;
	curl_easy_setopt(c, CURLOPT_USERAGENT, user_agent);
	/*
	 * Without this header, we would accept any encoding (RFC 9110 section 12.5.3).
	 * http_unpack() decodes gzip.
	 */
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(c, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)request->total_ms);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	if (request->bearer) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, request->bearer);
	}
	if (request->form) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(request->form));
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, request->form);
	}
	if (curl_multi_add_handle(multi, c) != CURLM_OK)
		return err_memory(err);
	return 0;
}

/* Runs the transfer until it ends or a signal asks to stop. */
static int http_drive(struct transfer *t, CURLM *multi)
{
	struct curl_waitfd woken = {.fd = signals_fd(), .events = CURL_WAIT_POLLIN};

	for (int running = 1; running;) {
		if (signals_caught())
			return signals_error(t->err);
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return err_memory(t->err);
		if (running)
			curl_multi_poll(multi, &woken, woken.fd >= 0 ? 1 : 0, 1000, NULL);
	}
	int left;
	const CURLMsg *message = curl_multi_info_read(multi, &left);
	t->code = message ? message->data.result : CURLE_RECV_ERROR;
	if (t->code == CURLE_OK && !t->has_head) {
		t->code = CURLE_PARTIAL_FILE;
		snprintf(t->detail, sizeof(t->detail), "the response ended before its headers were complete");
	}
	return 0;
}

/* The hint for a host that was not reached. */
static const char *network_hint(const struct transfer *t)
{
	switch (t->code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		return "check the system's clock; if a proxy inspects TLS, set SSL_CERT_FILE to its CA "
		       "certificate";
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "check HTTPS_PROXY";
	default:
		if (*t->response->proxy)
			return "check the network and the proxy";
		if (t->proxy.is_set)
			return "check the network (the proxy that is set is not used for this host)";
		return "check the network (HTTPS_PROXY is not set)";
	}
}

/* The reason, shorter than libcurl's messages, which repeat host and port. */
static const char *network_reason(const struct transfer *t, char ret_text[160])
{
	long error = 0;

	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
	switch (t->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return "no such host";
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "no such proxy";
	case CURLE_OUT_OF_MEMORY: /* also for a line that is longer than libcurl takes */
		return "a line of its response is too long, or memory is short";
	case CURLE_COULDNT_CONNECT:
		if (!error)
			break;
		snprintf(ret_text, 160, "%s", strerror((int)error));
		*ret_text = (char)tolower((unsigned char)*ret_text);
		return ret_text;
	default:
		break;
	}
	if (*t->detail)
		return t->detail;
	return curl_easy_strerror(t->code);
}

/* libcurl's message quotes the URL of a proxy that it cannot use, with the password in it. */
static bool quotes_proxy(const struct transfer *t)
{
	char start[24];

	snprintf(start, sizeof(start), "'%.*s", (int)sizeof(start) - 2, t->proxy.url);
	return *t->proxy.url && strstr(t->detail, start);
}

static int transfer_error(const struct transfer *t)
{
	const struct http_request *request = t->request;
	struct err *err = t->err;
	char host[160], reason[160];
	long proxy_status = 0;

	url_host(request->url, host, sizeof(host));
	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	if (proxy_status == 407)
		return proxy_wants_password(request->url, host, err);
	if (t->too_large)
		return err_set(err, ERR_PROTOCOL, "check the network: this may not be Kimi's server",
		    "%s answered with more than %zu bytes", host, request->max_body);
	if (t->headers_len > HEADERS_MAX)
		return err_set(err, ERR_PROTOCOL, "check the network: this may not be Kimi's server",
		    "%s answered with more than %d bytes of headers", host, HEADERS_MAX);
	if (quotes_proxy(t))
		return err_set(err, ERR_CONFIG, "check HTTPS_PROXY",
		    "cannot reach %s through the proxy %s: the proxy's URL cannot be used", host,
		    t->response->proxy);
	if (t->code == CURLE_SSL_CACERT_BADFILE && env_get("SSL_CERT_FILE"))
		return err_set(err, ERR_CONFIG, "set SSL_CERT_FILE to a certificate file, or unset it",
		    "cannot reach %s: no certificate can be read from %s", host, env_get("SSL_CERT_FILE"));
	const char *hint = network_hint(t);
	const char *problem = "cannot reach";
	if (t->response->status || handle_is_nonsense(t->code))
		problem = "cannot use the response of";
	if (*t->response->proxy)
		return err_set(err, ERR_NETWORK, hint, "%s %s through the proxy %s: %s", problem, host,
		    t->response->proxy, network_reason(t, reason));
	return err_set(err, ERR_NETWORK, hint, "%s %s: %s", problem, host, network_reason(t, reason));
}

static int refuse_redirect(const struct transfer *t)
{
	static const char hint[] = "check the network: a login page or a proxy may be in between";

	const char *proxy = t->response->proxy;
	char *location = NULL;
	char from[160], to[160] = "an unknown host";

	url_host(t->request->url, from, sizeof(from));
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location);
	if (location)
		url_host(location, to, sizeof(to));
	if (*proxy)
		return err_set(t->err, ERR_NETWORK, hint,
		    "%s answered with a redirect to %s through the proxy %s, which is not followed", from, to,
		    proxy);
	return err_set(
	    t->err, ERR_NETWORK, hint, "%s answered with a redirect to %s, which is not followed", from, to);
}

static void zlib_give_back(void *context, void *memory)
{
	(void)context;
	wipe_free(memory);
}

/*
 * Decompresses the body if it starts like gzip or zlib, which neither JSON nor HTML does;
 * also an incomplete one.
 */
static void http_unpack(struct transfer *t)
{
	struct buf *body = &t->response->body, plain;
	z_stream stream = {
	    .zfree = zlib_give_back, .next_in = (unsigned char *)body->data, .avail_in = (unsigned)body->len};
	unsigned char piece[16 * 1024];
	int result;

	if ((*body->data != '\x1f' && *body->data != '\x78') || inflateInit2(&stream, 15 + 32) != Z_OK)
		return;
	buf_init_secret(&plain, body->max);
	do {
		stream.next_out = piece;
		stream.avail_out = sizeof(piece);
		result = inflate(&stream, Z_NO_FLUSH);
		buf_add(&plain, piece, sizeof(piece) - stream.avail_out);
	} while (result == Z_OK && !plain.failed);
	inflateEnd(&stream);
	wipe(piece, sizeof(piece));
	t->too_large = t->too_large || plain.failed;
	if (plain.len) {
		buf_release(body);
		*body = plain;
	} else {
		buf_release(&plain);
	}
}

static int http_judge(struct transfer *t)
{
	struct http_response *response = t->response;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &response->status);
	/* Relative to the server's clock, because ours may be wrong. */
	double asked = t->retry_date - (response->date > 0 ? response->date : clock_now());
	if (t->retry_date > 0 && asked > 0)
		response->retry_after = asked;
	if (response->retry_after > RETRY_AFTER_MAX_S)
		response->retry_after = RETRY_AFTER_MAX_S;
	http_unpack(t);
	response->cut_short = t->code != CURLE_OK && t->has_head && !t->too_large;
	if (t->code != CURLE_OK || t->too_large)
		return transfer_error(t);
	if (response->status >= 300 && response->status < 400 && response->status != 304)
		return refuse_redirect(t);
	const char *start = response->body.data + strspn(response->body.data, " \t\r\n\xEF\xBB\xBF");
	if (strncasecmp(start, "<!doctype html", 14) == 0 || strncasecmp(start, "<html", 5) == 0)
		response->is_html = true;
	return 0;
}

static int http_start(struct transfer *t, CURLM *multi)
{
	if (url_check(t->request->url, t->err) < 0)
		return -1;
	if (!multi)
		return err_memory(t->err);
	if (http_prepare(t, multi) < 0)
		return -1;
	if (*t->proxy.url)
		proxy_shown(t->proxy.url, t->response->proxy, sizeof(t->response->proxy));
	return 0;
}

int http_perform(const struct http_request *request, struct http_response *ret_response, struct err *err)
{
	struct transfer t = {.request = request, .response = ret_response, .err = err};

	*ret_response = (struct http_response){0};
	buf_init_secret(&ret_response->body, request->max_body);
	CURLM *multi = handle_multi();
	int failed = http_start(&t, multi) < 0 || http_drive(&t, multi) < 0 || http_judge(&t) < 0 ? -1 : 0;
	if (t.easy)
		curl_multi_remove_handle(multi, t.easy);
	curl_easy_cleanup(t.easy);
	curl_slist_free_all(t.headers);
	curl_multi_cleanup(multi);
	wipe(&t.proxy, sizeof(t.proxy)); /* its password */
	wipe_stack();
	return failed;
}

int http_not_kimi(const struct http_request *request, const struct http_response *response, struct err *err)
{
	static const char hint[] = "check the network: a login page or a proxy may be in between";

	char host[160];

	url_host(request->url, host, sizeof(host));
	if (*response->proxy)
		return err_set(err, ERR_NETWORK, hint,
		    "%s through the proxy %s answered with a web page (status %ld)", host, response->proxy,
		    response->status);
	return err_set(
	    err, ERR_NETWORK, hint, "%s answered with a web page (status %ld)", host, response->status);
}

int http_bad_status(const struct http_request *request, const struct http_response *response, struct err *err)
{
	const char *hint = "check that this is Kimi's server and that kimi is up to date";
	enum err_code code = ERR_PROTOCOL;
	char host[160];

	if (response->status == 429 || response->status == 408 || response->status >= 500) {
		hint = "try again later";
		code = ERR_SERVER;
	}
	if (response->is_html && response->status < 400)
		return http_not_kimi(request, response, err);
	url_host(request->url, host, sizeof(host));
	if (*response->proxy)
		return err_set(err, code, hint, "%s answered with status %ld through the proxy %s", host,
		    response->status, response->proxy);
	return err_set(err, code, hint, "%s answered with status %ld", host, response->status);
}
