#include "api/request.h"

#include "api/headers.h"
#include "auth/refresh.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/view.h"
#include "format/json.h"
#include "http/http.h"
#include "http/url.h"
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* One request on its way. */
struct exchange {
	struct api_request *request;
	struct secret_source source;
	struct secret secret;
	struct headers headers;
	char url[PLATFORM_URL_MAX + 64];
	pthread_t thread;
	bool in_thread;
	bool to_send; /* the secret has not been sent yet */
	bool sent;    /* it has, and what came of it has not been looked at */
};

/* The access token; one that lives is used even if it could not be refreshed just now. */
static int exchange_get_token(
    const struct secret_source *source, bool renew, char **ret_token, struct err *err)
{
	const struct refresh_wish wish = {.force = renew, .min_valid = -1};
	struct token token = TOKEN_INIT;
	enum refresh_outcome outcome;
	struct store store;

	if (store_open(&store, source->home, source->who, err) < 0)
		return -1;
	int result = refresh_login(source->home, &store, &wish, &token, &outcome, err);
	if (result < 0 && !renew && err->code != ERR_INTERRUPTED && store_load(&store, &token, NULL) == 0 &&
	    token_left(&token, clock_now()) > 0)
		result = 0;
	if (result == 0) {
		*ret_token = token.access_token;
		token.access_token = NULL;
	}
	token_clear(&token);
	return result;
}

/* Kimi's own words for a refusal: {"error":{"type","message"}}. NULL: none. */
static const char *refusal_member(const json_t *answer, const char *name)
{
	return json_text(json_object_get(answer, "error"), name);
}

static int exchange_refused(const struct http_request *request, const struct http_response *response,
    const json_t *answer, struct err *err)
{
	const char *type = refusal_member(answer, "type");
	const char *message = text_unless_secret(refusal_member(answer, "message"), request->bearer);
	char host[160], words[400];

	url_host(request->url, host, sizeof(host));
	snprintf(words, sizeof(words), "%s%.300s (status %ld)", message ? ": " : "", message ? message : "",
	    response->status);
	if (type && strcmp(type, "access_terminated_error") == 0)
		return err_set(err, ERR_DENIED, "see your plan and quota on Kimi's website",
		    "%s says that the quota is used up or the plan has ended%s", host, words);
	if (response->status == 401)
		return err_set(err, ERR_REJECTED, "run 'kimi login'", "%s refused the token%s", host, words);
	if (response->status == 402)
		return err_set(err, ERR_DENIED, "check the account's plan and balance",
		    "%s refused the account%s", host, words);
	if (response->is_html)
		return http_not_kimi(request, response, err);
	http_bad_status(request, response, err);
	if (message) {
		size_t len = strlen(err->what);
		snprintf(err->what + len, sizeof(err->what) - len, ": %.300s", message);
	}
	return -1;
}

static int exchange_no_sense(
    const struct api_request *request, const char *url, const char *why, struct err *err)
{
	char host[160];

	url_host(url, host, sizeof(host));
	return err_set(err, ERR_PROTOCOL, "check that this is Kimi's server and that kimi is up to date",
	    "the %s of %s is invalid: %s", request->subject, host, why);
}

static int request_exchange_read(struct api_request *request, const struct http_request *sent,
    const struct http_response *response, struct err *err)
{
	char why[160] = "";
	json_t *answer = json_parse(response->body.data, response->body.len, why, sizeof(why));
	int result = 0;

	if (!answer && response->cut_short)
		result = -1; /* *err says what broke it off */
	else if (response->status != 200)
		result = exchange_refused(sent, response, answer, err);
	else if (!json_is_object(answer) && response->is_html)
		result = http_not_kimi(sent, response, err);
	else if (!json_is_object(answer))
		result = exchange_no_sense(request, sent->url, answer ? "it is not a JSON object" : why, err);
	if (result == 0) {
		request->answer = answer;
		answer = NULL;
	}
	json_decref(answer);
	return result;
}

/* Runs in a thread of its own: touches nothing but its exchange. */
static void *request_exchange_send(void *context)
{
	struct exchange *e = context;
	struct api_request *request = e->request;
	struct http_response response;
	const struct http_request sent = {
	    .url = e->url,
	    .headers = (const char *const *)e->headers.lines,
	    .bearer = e->secret.value,
	    .max_body = request->max_answer,
	    .total_ms = request->total_ms,
	};

	int result = http_perform(&sent, &response, &request->err);
	if (result == 0 || response.cut_short)
		result = request_exchange_read(request, &sent, &response, &request->err);
	if (result < 0)
		request->retry_after = response.retry_after;
	http_release(&response);
	request->failed = result < 0;
	return NULL;
}

/* Everything but the secret. */
static int exchange_prepare(struct exchange *e, struct api_request *request)
{
	struct device device;
	struct err *err = &request->err;

	e->request = request;
	e->source = (struct secret_source){
	    .home = request->home,
	    .who = &request->who,
	    .only_this_platform = true,
	    .among_others = request->among_others,
	    .get_token = exchange_get_token,
	};
	request->answer = NULL;
	request->retry_after = 0;
	if (request->failed)
		return -1;
	request->failed = true;
	snprintf(e->url, sizeof(e->url), "%s%s", request->who.base_url, request->path);
	if (request->no_device_headers)
		return 0;
	device_describe(&device, request->home);
	return headers_build(&e->headers, &device,
	    config_custom_headers(request->home, request->config, request->who.platform), err);
}

static void exchange_find_secret(struct exchange *e)
{
	struct api_request *request = e->request;

	if (request->secret) {
		e->secret =
		    (struct secret){.platform = request->who.platform, .value = strdup(request->secret)};
		e->to_send = e->secret.value != NULL;
		if (!e->to_send)
			err_memory(&request->err);
		return;
	}
	e->to_send = secret_find(&e->source, &e->secret, &request->err) == 0;
}

/* The thread hears no signals: what the caller holds is held. */
static void exchange_start(struct exchange *e)
{
	sigset_t all, before;

	if (!e->to_send)
		return;
	e->to_send = false;
	e->sent = true;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	e->in_thread = pthread_create(&e->thread, NULL, request_exchange_send, e) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!e->in_thread)
		request_exchange_send(e);
}

static void request_exchange_finish(struct exchange *e)
{
	if (e->in_thread)
		pthread_join(e->thread, NULL);
	e->in_thread = false;
}

/* After a refusal: whether there is another secret to send. */
static bool exchange_advance(struct exchange *e)
{
	struct api_request *request = e->request;

	if (!e->sent || !request->failed || request->err.code != ERR_REJECTED || request->secret)
		return false;
	e->sent = false;
	e->to_send = secret_next(&e->source, &e->secret, &request->err);
	return e->to_send;
}

/* The first round finds the secrets; keys cost no request, so nobody waits for another's refresh to be asked. */
static void exchanges_begin(struct exchange list[], size_t count)
{
	for (int with_tokens = 0; with_tokens < 2; with_tokens++) {
		for (size_t i = 0; i < count; i++) {
			bool has_tokens = *list[i].request->who.key != '\0';
			if (has_tokens != (with_tokens == 1) || !*list[i].url)
				continue;
			exchange_find_secret(&list[i]);
			exchange_start(&list[i]);
		}
	}
}

static void exchanges_run(struct exchange list[], size_t count)
{
	bool more = true;

	exchanges_begin(list, count);
	while (more) {
		more = false;
		for (size_t i = 0; i < count; i++)
			request_exchange_finish(&list[i]);
		for (size_t i = 0; i < count; i++) {
			more = exchange_advance(&list[i]) || more;
			exchange_start(&list[i]);
		}
	}
}

void api_request_all(struct api_request *requests, size_t count)
{
	struct exchange list[API_REQUESTS_MAX] = {0};

	for (size_t i = 0; i < count; i++)
		if (exchange_prepare(&list[i], &requests[i]) < 0)
			*list[i].url = '\0';
	exchanges_run(list, count);
	for (size_t i = 0; i < count; i++) {
		headers_clear(&list[i].headers);
		secret_clear(&list[i].secret);
	}
}

void api_request_makes_no_sense(struct api_request *request, const char *why)
{
	exchange_no_sense(request, request->who.base_url, why, &request->err);
	request->failed = true;
	json_decref(request->answer);
	request->answer = NULL;
}

void api_request_clear(struct api_request *request)
{
	json_decref(request->answer);
	request->answer = NULL;
#ifdef __GLIBC__
	malloc_trim(0); /* a long list takes several times its length as values */
#endif
}
