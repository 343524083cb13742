#include "api/request.h"

#include "api/headers.h"
#include "auth/refresh.h"
#include "auth/refresh_aside.h"
#include "base/clock.h"
#include "base/footprint.h"
#include "base/memory.h"
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

_Static_assert((int)API_REQUESTS_MAX <= (int)REFRESH_ASIDE_MAX, "all of them can be refreshed aside");

enum { LONG = 256 * 1024 }; /* bytes of a response, which takes several times that as values */

/* One request that is running. */
struct api_exchange {
	struct api_request *request;
	struct secret_source source;
	struct secret secret;
	struct headers headers;
	char url[PLATFORM_URL_MAX + 64];
	pthread_t thread;
	struct refresh_aside refresh;
	bool in_thread;
	bool is_refreshed; /* by `refresh`; otherwise refresh the token here */
	bool sent;         /* the secret was, and the result has not been examined */
};

/* Gets the access token. If it cannot be refreshed but is still valid, it is used as it is. */
static int api_exchange_get_token(
    const struct secret_source *source, bool renew, char **ret_token, struct err *err)
{
	const struct api_exchange *e = source->context;
	const struct refresh_options options = {.force = renew && !e->is_refreshed, .min_valid = -1};
	struct token token = TOKEN_INIT;
	struct store store;
	int result = -1;

	if (store_open(&store, source->who, err) < 0)
		return -1;
	if (e->is_refreshed && e->refresh.result.outcome == REFRESH_FAILED)
		*err = e->refresh.result.err;
	else if (refresh_login(&store, &options, &token, err) != REFRESH_FAILED)
		result = 0;
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

/* What the server says of a refusal: {"error":{"message"}}, or as gateways have it. NULL: nothing. */
static const char *refusal_message(const json_t *body)
{
	static const char *const names[] = {"message", "error_description", "detail", "error"};
	const char *message = json_text(json_object_get(body, "error"), "message");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !message; i++)
		message = json_text(body, names[i]);
	return message;
}

/* The server does not accept the secret. */
static int api_exchange_rejected(const struct api_exchange *e, const char *host, const char *words)
{
	const struct account *account = &e->request->account;
	const char *what = "token";
	struct err *err = &e->request->err;
	char login[ACCOUNT_HINT_MAX], hint[sizeof(login) + 40];

	if (e->secret.kind == SECRET_CONFIGURED_KEY || !account->platform->oauth_key)
		what = "API key";
	if (e->secret.kind != SECRET_ENVIRONMENT_KEY)
		return account_needs_login(
		    account, ERR_REJECTED, err, "%s refused the %s%s", host, what, words);
	snprintf(hint, sizeof(hint), "correct it, or %s", account_login_hint(account, login));
	return err_set(err, ERR_REJECTED, hint, "%s refused the API key in KIMI_API_KEY%s", host, words);
}

static int api_exchange_refused(const struct api_exchange *e, const struct http_request *sent,
    const struct http_response *response, const json_t *body)
{
	const char *type = json_text(json_object_get(body, "error"), "type");
	const char *message = text_unless_secret(refusal_message(body), sent->bearer);
	struct err *err = &e->request->err;
	char host[160], words[400];

	url_host(sent->url, host, sizeof(host));
	snprintf(words, sizeof(words), "%s%.300s (status %ld)", message ? ": " : "", text_or_empty(message),
	    response->status);
	if (type && strcmp(type, "access_terminated_error") == 0)
		return err_set(err, ERR_DENIED, "see your plan and quota on Kimi's website",
		    "%s says that the quota is used up or the plan has ended%s", host, words);
	if (response->status == 401)
		return api_exchange_rejected(e, host, words);
	if (response->status == 402)
		return err_set(err, ERR_DENIED, "check the account's plan and balance",
		    "%s refused the account%s", host, words);
	if (response->is_html)
		return http_not_kimi(sent, response, err);
	http_bad_status(sent, response, err);
	if (message) {
		size_t len = strlen(err->what);
		snprintf(err->what + len, sizeof(err->what) - len, ": %.300s", message);
	}
	return -1;
}

static int api_exchange_invalid(struct api_request *request, const char *url, const char *reason)
{
	char host[160];

	url_host(url, host, sizeof(host));
	return err_set(&request->err, ERR_PROTOCOL,
	    "check that this is Kimi's server and that kimi is up to date", "the %s of %s is invalid: %s",
	    request->subject, host, reason);
}

static int api_exchange_read(
    const struct api_exchange *e, const struct http_request *sent, const struct http_response *response)
{
	struct api_request *request = e->request;
	struct reason reason;
	json_t *body = json_parse(response->body.data, response->body.len, &reason);
	int result = 0;

	if (!body && response->cut_short)
		result = -1; /* http_perform() has set the error */
	else if (response->status != 200)
		result = api_exchange_refused(e, sent, response, body);
	else if (!json_is_object(body) && response->is_html)
		result = http_not_kimi(sent, response, &request->err);
	else if (!json_is_object(body))
		result =
		    api_exchange_invalid(request, sent->url, body ? "it is not a JSON object" : reason.text);
	if (result == 0) {
		request->body = body;
		body = NULL;
	}
	json_decref(body);
	return result;
}

/* Runs in a thread of its own: touches nothing but its exchange. */
static void *api_exchange_send(void *context)
{
	struct api_exchange *e = context;
	struct api_request *request = e->request;
	struct http_response response;
	const struct http_request sent = {
	    .url = e->url,
	    .headers = (const char *const *)e->headers.lines,
	    .bearer = e->secret.value,
	    .max_body = request->max_response,
	    .total_ms = request->total_ms,
	};

	int result = http_perform(&sent, &response, &request->err);
	request->is_long = response.body.len > LONG;
	if (result == 0 || response.cut_short)
		result = api_exchange_read(e, &sent, &response);
	/* A refusal that is not temporary is not tried again, even if the server names a time. */
	if (result < 0 && err_is_temporary(request->err.code))
		request->retry_after = response.retry_after;
	http_release(&response);
	request->failed = result < 0;
	return NULL;
}

/* Prepares everything but the secret and the headers. A request that has failed already gets no URL. */
static void api_exchange_prepare(struct api_exchange *e, struct api_request *request)
{
	e->request = request;
	e->source = (struct secret_source){
	    .who = &request->account,
	    .config = request->config,
	    .only_this_platform = true,
	    .among_others = request->among_others,
	    .get_token = api_exchange_get_token,
	    .context = e,
	};
	request->body = NULL;
	request->retry_after = 0;
	if (!request->failed)
		snprintf(e->url, sizeof(e->url), "%s%s", request->account.base_url, request->path);
	request->failed = true;
}

/* Not before there is a secret: the device headers may create the home. */
static void api_exchange_build_headers(struct api_exchange *e)
{
	const struct api_request *request = e->request;
	const struct account *account = &request->account;
	struct device_headers device;

	if (request->no_device_headers)
		return;
	device_headers_fill(&device, account->home);
	headers_build(
	    &e->headers, &device, config_custom_headers(account->home, request->config, account->platform));
}

static bool api_exchange_find_secret(struct api_exchange *e)
{
	struct api_request *request = e->request;

	if (request->secret)
		e->secret = (struct secret){
		    .platform = request->account.platform, .value = memory_copy(request->secret)};
	else if (secret_find(&e->source, &e->secret, &request->err) < 0)
		return false;
	api_exchange_build_headers(e);
	return true;
}

/* The thread blocks all signals, so that signals_hold() of the caller covers it. */
static void api_exchange_start(struct api_exchange *e)
{
	sigset_t all, before;

	e->sent = true;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	e->in_thread = pthread_create(&e->thread, NULL, api_exchange_send, e) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!e->in_thread)
		api_exchange_send(e);
}

static void api_exchange_finish(struct api_exchange *e)
{
	if (e->in_thread)
		pthread_join(e->thread, NULL);
	e->in_thread = false;
}

/* The secret was refused, so another one may work. */
static bool api_exchange_is_refused(const struct api_exchange *e)
{
	const struct api_request *request = e->request;

	return e->sent && request->failed && request->err.code == ERR_REJECTED && !request->secret;
}

/* Finds the first secret, or the next one after a refusal, and sends it. */
static void api_exchange_advance(struct api_exchange *e, bool renew)
{
	bool found = false;

	if (!renew && *e->url) {
		found = api_exchange_find_secret(e);
	} else if (renew && api_exchange_is_refused(e)) {
		e->sent = false;
		found = secret_next(&e->source, &e->secret, &e->request->err);
	}
	if (found)
		api_exchange_start(e);
}

/* Whether the token must be refreshed: it is due, was refused, or is not in a file. */
static bool api_exchange_is_to_refresh(const struct api_exchange *e, bool renew)
{
	const struct refresh_options options = {.min_valid = -1};
	struct token token = TOKEN_INIT;
	struct store store;

	if (renew)
		return api_exchange_is_refused(e) && e->secret.kind == SECRET_TOKEN && !e->secret.renewed;
	if (!*e->url || e->request->secret || !account_is_stored(e->source.who) ||
	    store_open(&store, e->source.who, NULL) < 0)
		return false;
	bool is_fresh = store_load_file(&store, &token, NULL) == 0 && !refresh_is_needed(&options, &token);
	token_clear(&token);
	return !is_fresh;
}

/* Finds the logins that need a refresh. Starts parallel refreshes if there are several. Returns how many. */
static size_t exchanges_refresh(
    struct api_exchange list[], size_t count, bool renew, struct refresh_aside *jobs[])
{
	size_t job_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct api_exchange *e = &list[i];
		e->is_refreshed = false;
		if (!api_exchange_is_to_refresh(e, renew))
			continue;
		e->refresh = (struct refresh_aside){
		    .who = e->source.who,
		    .options = {.force = renew, .min_valid = -1},
		    .context = e,
		};
		jobs[job_count++] = &e->refresh;
	}
	if (job_count < 2)
		return job_count;
	for (size_t i = 0; i < job_count; i++) {
		struct api_exchange *e = jobs[i]->context;
		e->is_refreshed = true;
		refresh_aside_begin(jobs[i]);
	}
	return job_count;
}

/*
 * Sends requests with API keys first, since they need no refresh, and those that do last. No
 * thread may be running.
 */
static void exchanges_advance(struct api_exchange list[], size_t count, bool renew)
{
	struct refresh_aside *jobs[API_REQUESTS_MAX], *done;
	size_t job_count = exchanges_refresh(list, count, renew, jobs);
	struct api_exchange *last = job_count == 1 ? jobs[0]->context : NULL;

	for (int with_tokens = 0; with_tokens < 2; with_tokens++) {
		for (size_t i = 0; i < count; i++) {
			bool has_tokens = *list[i].request->account.key != '\0';
			if (has_tokens == (with_tokens == 1) && !list[i].is_refreshed && &list[i] != last)
				api_exchange_advance(&list[i], renew);
		}
	}
	if (last) {
		api_exchange_advance(last, renew);
		return;
	}
	while ((done = refresh_aside_next(jobs, job_count)))
		api_exchange_advance(done->context, renew);
}

static void exchanges_run(struct api_exchange list[], size_t count)
{
	bool is_any_refused = false;

	do {
		exchanges_advance(list, count, is_any_refused);
		is_any_refused = false;
		for (size_t i = 0; i < count; i++) {
			api_exchange_finish(&list[i]);
			is_any_refused = api_exchange_is_refused(&list[i]) || is_any_refused;
		}
	} while (is_any_refused);
}

void api_request_all(struct api_request *requests, size_t count)
{
	struct api_exchange list[API_REQUESTS_MAX] = {0};

	for (size_t i = 0; i < count; i++)
		api_exchange_prepare(&list[i], &requests[i]);
	exchanges_run(list, count);
	for (size_t i = 0; i < count; i++) {
		headers_clear(&list[i].headers);
		secret_clear(&list[i].secret);
	}
}

void api_request_makes_no_sense(struct api_request *request, const char *reason)
{
	api_exchange_invalid(request, request->account.base_url, reason);
	request->failed = true;
	json_decref(request->body);
	request->body = NULL;
}

void api_request_clear(struct api_request *request)
{
	json_decref(request->body);
	request->body = NULL;
	if (request->is_long) {
		footprint_trim();
		footprint_drop_code();
	}
	request->is_long = false;
}
