#include "auth/oauth.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/json.h"
#include "http/http.h"
#include "http/url.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

static const char device_code_grant[] = "urn:ietf:params:oauth:grant-type:device_code";

enum {
	MAX_RESPONSE = 64 * 1024,
	MAX_FORM = 2 * 1024 * 1024,
	ATTEMPT_MS = 15000,
	LEAST_MS = 1000,
	MAX_PAGE = 2048
};

int oauth_open(struct oauth *oauth, const struct account *who, struct err *err)
{
	*oauth = (struct oauth){.platform = who->platform};
	snprintf(oauth->host, sizeof(oauth->host), "%s", who->oauth_host);
	if (url_check(oauth->host, err) < 0)
		return -1;
	device_headers_fill(&oauth->device, who->home);
	return 0;
}

/* One request to the OAuth host and its response. */
struct oauth_exchange {
	struct buf form;
	struct http_request request;
	struct http_response response;
	char url[PLATFORM_URL_MAX + 64];
	json_t *object;       /* the body; NULL: it is not a JSON object */
	struct reason reason; /* why not */
	double sent_at;       /* wall clock; the lifetime of a token counts from here */
};

static void oauth_exchange_init(struct oauth_exchange *x, const struct oauth *oauth)
{
	*x = (struct oauth_exchange){0};
	buf_init(&x->response.body, 0);
	buf_init_secret(&x->form, MAX_FORM);
	http_form_add(&x->form, "client_id", oauth->platform->client_id);
}

static void oauth_exchange_release(struct oauth_exchange *x)
{
	json_decref(x->object);
	http_release(&x->response);
	buf_release(&x->form);
}

static int time_for_request(const struct oauth *oauth)
{
	int left = ATTEMPT_MS;

	if (oauth->deadline)
		left = MIN(clock_left(oauth->deadline), ATTEMPT_MS);
	return MAX(left, LEAST_MS);
}

static void oauth_exchange_read_body(struct oauth_exchange *x)
{
	const struct buf *body = &x->response.body;

	x->object = json_parse(body->data, body->len, &x->reason);
	if (!x->object || json_is_object(x->object))
		return;
	reason_set(&x->reason, "it is not a JSON object");
	json_decref(x->object);
	x->object = NULL;
}

/* Posts x->form to a path of the host. */
static int oauth_exchange_run(
    struct oauth_exchange *x, struct oauth *oauth, const char *path, struct err *err)
{
	snprintf(x->url, sizeof(x->url), "%s%s", oauth->host, path);
	x->sent_at = clock_now();
	x->request = (struct http_request){
	    .url = x->url,
	    .headers = oauth->device.headers,
	    .form = x->form.data,
	    .max_body = MAX_RESPONSE,
	    .total_ms = time_for_request(oauth),
	};
	oauth->retry_after = 0;
	if (x->form.failed)
		return err_memory(err);
	int failed = http_perform(&x->request, &x->response, err);
	if (failed && !x->response.cut_short)
		return -1;
	if (x->response.date > 0)
		oauth->clock_ahead = clock_now() - x->response.date;
	oauth_exchange_read_body(x);
	/* A response that was cut short after a complete object is good enough. */
	if (failed && !x->object)
		return -1;
	return 0;
}

/* The OAuth error of the response (RFC 6749 section 5.2); NULL: it has none, or an empty one. */
static const char *oauth_exchange_error(const struct oauth_exchange *x)
{
	return text_or_null(text_or_empty(json_text(x->object, "error")));
}

/* An HTML page is no success: it never comes from Kimi. */
static bool is_success(const struct oauth_exchange *x)
{
	const struct http_response *response = &x->response;

	return response->status >= 200 && response->status < 300 && !response->is_html &&
	       !oauth_exchange_error(x);
}

static int oauth_exchange_invalid(const struct oauth_exchange *x, const char *reason, struct err *err)
{
	char host[160];

	if (x->response.is_html)
		return http_not_kimi(&x->request, &x->response, err);
	url_host(x->url, host, sizeof(host));
	return err_set(err, ERR_PROTOCOL, "check that this is Kimi's server and that kimi is up to date",
	    "the response of %s is invalid: %s", host, reason);
}

/*
 * Fills *err for a response that is not a success, with the host's own message if there
 * is one, else the status. `secret` is what was sent: it must not be quoted. A 403
 * without an OAuth error comes from a firewall.
 */
static int oauth_refused(const struct oauth_exchange *x, const char *secret, struct err *err)
{
	const char *error = text_unless_secret(oauth_exchange_error(x), secret);
	const char *description = text_unless_secret(json_text(x->object, "error_description"), secret);
	long status = x->response.status;
	char host[160];

	if (status < 400 && !x->object)
		return oauth_exchange_invalid(x, x->reason.text, err);
	http_bad_status(&x->request, &x->response, err);
	if (!error && status == 403) {
		err->code = ERR_NETWORK;
		err_advise(err, "check the network: a firewall or a proxy may have answered");
	}
	if (!error)
		return -1;
	url_host(x->url, host, sizeof(host));
	if (!description)
		return err_set(
		    err, err->code, err->hint, "%s answered %.60s (status %ld)", host, error, status);
	return err_set(err, err->code, err->hint, "%s answered %.60s: %.300s (status %ld)", host, error,
	    description, status);
}

void device_authorization_clear(struct device_authorization *authorization)
{
	wipe_str(authorization->user_code);
	wipe_str(authorization->device_code);
	free(authorization->verification_uri);
	free(authorization->verification_uri_complete);
	*authorization = (struct device_authorization){0};
}

/* A URL that the user will open. If it must not be opened or is too long, it counts as missing. */
static char *copy_uri(const json_t *object, const char *name)
{
	const char *uri = json_text(object, name);

	if (!uri || strlen(uri) > MAX_PAGE || url_check(uri, NULL) < 0)
		uri = "";
	return memory_copy(uri);
}

/* Printable ASCII, spaces inside allowed: the user reads and types the code. */
static bool is_shown_code(const char *code)
{
	for (const char *at = code; *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			return false;
	return *code != ' ';
}

static int read_authorization(const struct oauth_exchange *x, struct device_authorization *a, struct err *err)
{
	const char *user_code = json_text(x->object, "user_code");
	const char *device_code = json_text(x->object, "device_code");

	if (!user_code || !*user_code || strlen(user_code) > 64 || !is_shown_code(user_code))
		return oauth_exchange_invalid(x, "it has no user_code", err);
	if (!device_code || !*device_code)
		return oauth_exchange_invalid(x, "it has no device_code", err);
	a->user_code = memory_copy(user_code);
	a->device_code = memory_copy(device_code);
	a->verification_uri = copy_uri(x->object, "verification_uri");
	a->verification_uri_complete = copy_uri(x->object, "verification_uri_complete");
	if (!*a->verification_uri && !*a->verification_uri_complete)
		return oauth_exchange_invalid(
		    x, "it has no verification_uri that may be opened (https, at most 2048 bytes)", err);
	if (!json_number(x->object, "expires_in", &a->expires_in) || a->expires_in <= 0)
		a->expires_in = 900;
	if (!json_number(x->object, "interval", &a->interval) || a->interval < 0)
		a->interval = 5;
	a->interval = fmin(fmax(a->interval, 1), 3600);
	a->expires_in = fmin(fmax(a->expires_in, 30), 86400);
	return 0;
}

int oauth_authorize_device(
    struct oauth *oauth, struct device_authorization *ret_authorization, struct err *err)
{
	struct device_authorization authorization = {0};
	struct oauth_exchange x;

	oauth_exchange_init(&x, oauth);
	int failed = oauth_exchange_run(&x, oauth, oauth->platform->device_authorization_path, err);
	if (!failed && x.response.status != 200)
		failed = oauth_refused(&x, "", err);
	if (!failed && !x.object)
		failed = oauth_exchange_invalid(&x, x.reason.text, err);
	if (!failed)
		failed = read_authorization(&x, &authorization, err);
	if (!failed) {
		*ret_authorization = authorization;
		authorization = (struct device_authorization){0};
	}
	device_authorization_clear(&authorization);
	oauth_exchange_release(&x);
	return failed;
}

static enum oauth_result retry_or_failed(const struct err *err)
{
	if (err_is_temporary(err->code))
		return OAUTH_RETRY;
	return OAUTH_FAILED;
}

static enum oauth_result read_token(const struct oauth_exchange *x, struct token *ret_token, struct err *err)
{
	struct reason reason;

	if (!x->object)
		oauth_exchange_invalid(x, x->reason.text, err);
	else if (token_from_response(x->object, x->sent_at, ret_token, &reason) == 0)
		return OAUTH_GRANTED;
	else
		oauth_exchange_invalid(x, reason.text, err);
	return retry_or_failed(err);
}

enum oauth_result oauth_poll(
    struct oauth *oauth, const char *device_code, struct token *ret_token, struct err *err)
{
	struct oauth_exchange x;
	enum oauth_result result;

	oauth_exchange_init(&x, oauth);
	http_form_add(&x.form, "device_code", device_code);
	http_form_add(&x.form, "grant_type", device_code_grant);
	if (oauth_exchange_run(&x, oauth, oauth->platform->token_path, err) < 0) {
		result = retry_or_failed(err);
		goto out;
	}
	oauth->retry_after = x.response.retry_after;
	const char *error = oauth_exchange_error(&x);
	if (error && strcmp(error, "authorization_pending") == 0) {
		result = OAUTH_PENDING;
	} else if (error && strcmp(error, "slow_down") == 0) {
		result = OAUTH_SLOW_DOWN;
	} else if (error && strcmp(error, "expired_token") == 0) {
		result = OAUTH_EXPIRED;
	} else if (error && strcmp(error, "access_denied") == 0) {
		err_set(
		    err, ERR_DENIED, "run 'kimi login' again if that was a mistake", "the login was refused");
		result = OAUTH_FAILED;
	} else if (is_success(&x)) {
		result = read_token(&x, ret_token, err);
	} else {
		oauth_refused(&x, device_code, err);
		result = retry_or_failed(err);
	}
out:
	oauth_exchange_release(&x);
	return result;
}

/* A 401, a 403 with an OAuth error, or invalid_grant with any status below 500. */
static bool is_rejection(const struct oauth_exchange *x)
{
	const char *error = oauth_exchange_error(x);
	long status = x->response.status;

	if (status == 401 || (status == 403 && error))
		return true;
	return status < 500 && error && strcmp(error, "invalid_grant") == 0;
}

static bool is_worth_retrying(long status)
{
	return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

enum oauth_result oauth_refresh(
    struct oauth *oauth, const char *refresh_token, struct token *ret_token, struct err *err)
{
	struct oauth_exchange x;
	enum oauth_result result;
	struct err reply = {0};

	oauth_exchange_init(&x, oauth);
	http_form_add(&x.form, "grant_type", "refresh_token");
	http_form_add(&x.form, "refresh_token", refresh_token);
	if (oauth_exchange_run(&x, oauth, oauth->platform->token_path, err) < 0) {
		bool answered = x.response.status >= 200 && x.response.status < 400;
		result = OAUTH_FAILED;
		if (is_success(&x))
			result = OAUTH_LOST;
		else if (err->code == ERR_NETWORK && !answered)
			result = OAUTH_RETRY;
		goto out;
	}
	oauth->retry_after = x.response.retry_after;
	if (is_success(&x)) {
		result = read_token(&x, ret_token, err);
		if (result != OAUTH_GRANTED)
			result = OAUTH_LOST;
	} else if (is_rejection(&x)) {
		oauth_refused(&x, refresh_token, &reply);
		err_set(
		    err, ERR_REJECTED, reply.hint, "Kimi no longer accepts this login: %.500s", reply.what);
		result = OAUTH_REJECTED;
	} else {
		oauth_refused(&x, refresh_token, err);
		result = OAUTH_FAILED;
		if (is_worth_retrying(x.response.status))
			result = OAUTH_RETRY;
	}
out:
	oauth_exchange_release(&x);
	return result;
}
