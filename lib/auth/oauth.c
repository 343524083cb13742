#include "auth/oauth.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "format/json.h"
#include "http/http.h"
#include "http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char device_code_grant[] = "urn:ietf:params:oauth:grant-type:device_code";

enum {
	MAX_ANSWER = 64 * 1024,
	MAX_FORM = 2 * 1024 * 1024,
	ATTEMPT_MS = 15000,
	LEAST_MS = 1000,
	MAX_PAGE = 2048
};

int oauth_open(struct oauth *oauth, const struct identity *who, const struct home *home, struct err *err)
{
	oauth->platform = who->platform;
	snprintf(oauth->host, sizeof(oauth->host), "%s", who->oauth_host);
	if (url_check(oauth->host, err) < 0)
		return -1;
	device_describe(&oauth->device, home);
	oauth->deadline = 0;
	oauth->clock_ahead = 0;
	return 0;
}

/* An answer of the OAuth host: what http saw, and the JSON object in it if there is one. */
struct answer {
	struct http_request request;
	struct http_response response;
	char url[PLATFORM_URL_MAX + 64];
	json_t *object; /* NULL: the body is no JSON object */
	char why[160];  /* why not */
	double at;      /* wall clock when the request was sent: a token's life is counted from there */
};

static int time_for_request(const struct oauth *oauth)
{
	int left = oauth->deadline ? clock_left(oauth->deadline) : ATTEMPT_MS;

	return left < LEAST_MS ? LEAST_MS : left > ATTEMPT_MS ? ATTEMPT_MS : left;
}

static int oauth_ask(
    struct oauth *oauth, const char *path, const struct buf *form, struct answer *answer, struct err *err)
{
	snprintf(answer->url, sizeof(answer->url), "%s%s", oauth->host, path);
	answer->object = NULL;
	answer->at = clock_now();
	answer->request = (struct http_request){
	    .url = answer->url,
	    .headers = oauth->device.headers,
	    .form = form->data,
	    .max_body = MAX_ANSWER,
	    .total_ms = time_for_request(oauth),
	};
	if (form->failed) {
		buf_init(&answer->response.body, 0);
		return err_memory(err);
	}
	int failed = http_perform(&answer->request, &answer->response, err);
	if (failed && !answer->response.cut_short)
		return -1;
	if (answer->response.date > 0)
		oauth->clock_ahead = clock_now() - answer->response.date;
	const struct buf *body = &answer->response.body;
	json_t *value = json_parse(body->data, body->len, answer->why, sizeof(answer->why));
	if (json_is_object(value)) {
		answer->object = value;
	} else {
		if (value)
			snprintf(answer->why, sizeof(answer->why), "it is not a JSON object");
		json_decref(value);
	}
	/* What was cut short behind a whole object lacks nothing. */
	return failed && !answer->object ? -1 : 0;
}

/* The OAuth error of an answer (RFC 6749 section 5.2); NULL: it carries none, or an empty one. */
static const char *answer_error(const struct answer *answer)
{
	const char *error = json_text(answer->object, "error");

	return error && *error ? error : NULL;
}

/* A page of HTML is not: it never comes from Kimi. */
static bool is_success(const struct answer *answer)
{
	const struct http_response *response = &answer->response;

	return response->status >= 200 && response->status < 300 && !response->is_html &&
	       !answer_error(answer);
}

static void answer_release(struct answer *answer)
{
	json_decref(answer->object);
	http_release(&answer->response);
}

static int makes_no_sense(const struct answer *answer, const char *why, struct err *err)
{
	char host[160];

	if (answer->response.is_html)
		return http_not_kimi(&answer->request, &answer->response, err);
	url_host(answer->url, host, sizeof(host));
	return err_set(err, ERR_PROTOCOL, "check that this is Kimi's server and that kimi is up to date",
	    "the answer of %s is invalid: %s", host, why);
}

/*
 * An answer that is no success: its own words if it has any, else its status. A 403 without any is a firewall's.
 * `secret` is what was sent.
 */
static int oauth_refused(const struct answer *answer, const char *secret, struct err *err)
{
	const char *error = text_unless_secret(answer_error(answer), secret);
	const char *description = text_unless_secret(json_text(answer->object, "error_description"), secret);
	char host[160];

	if (answer->response.status < 400 && !answer->object)
		return makes_no_sense(answer, answer->why, err);
	http_bad_status(&answer->request, &answer->response, err);
	if (!error && answer->response.status == 403) {
		err->code = ERR_NETWORK;
		err_advise(err, "check the network: a firewall or a proxy may have answered");
	}
	if (!error)
		return -1;
	url_host(answer->url, host, sizeof(host));
	return err_set(err, err->code, err->todo, "%s answered %.60s%s%.300s (status %ld)", host, error,
	    description ? ": " : "", description ? description : "", answer->response.status);
}

void device_authorization_clear(struct device_authorization *authorization)
{
	wipe_str(authorization->user_code);
	wipe_str(authorization->device_code);
	free(authorization->verification_uri);
	free(authorization->verification_uri_complete);
	*authorization = (struct device_authorization){0};
}

/* A URL that a person will open: one that may not be opened or is too long counts as absent, and is not shown either. */
static char *copy_uri(const json_t *object, const char *name)
{
	const char *uri = json_text(object, name);

	return strdup(uri && strlen(uri) <= MAX_PAGE && url_check(uri, NULL) == 0 ? uri : "");
}

/* Printable ASCII, blanks inside allowed: it is read and typed by people. */
static bool is_shown_code(const char *code)
{
	for (const char *at = code; *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			return false;
	return *code != ' ';
}

static int read_authorization(const struct answer *answer, struct device_authorization *a, struct err *err)
{
	const char *user_code = json_text(answer->object, "user_code");
	const char *device_code = json_text(answer->object, "device_code");

	if (!user_code || !*user_code || strlen(user_code) > 64 || !is_shown_code(user_code))
		return makes_no_sense(answer, "it has no user_code", err);
	if (!device_code || !*device_code)
		return makes_no_sense(answer, "it has no device_code", err);
	a->user_code = strdup(user_code);
	a->device_code = strdup(device_code);
	a->verification_uri = copy_uri(answer->object, "verification_uri");
	a->verification_uri_complete = copy_uri(answer->object, "verification_uri_complete");
	if (!a->user_code || !a->device_code || !a->verification_uri || !a->verification_uri_complete)
		return err_memory(err);
	if (!*a->verification_uri && !*a->verification_uri_complete)
		return makes_no_sense(
		    answer, "it has no verification_uri that may be opened (https, at most 2048 bytes)", err);
	if (!json_number(answer->object, "expires_in", &a->expires_in) || a->expires_in <= 0)
		a->expires_in = 900;
	if (!json_number(answer->object, "interval", &a->interval) || a->interval < 0)
		a->interval = 5;
	a->interval = a->interval < 1 ? 1 : a->interval > 3600 ? 3600 : a->interval;
	a->expires_in = a->expires_in < 30 ? 30 : a->expires_in > 86400 ? 86400 : a->expires_in;
	return 0;
}

int oauth_authorize_device(
    struct oauth *oauth, struct device_authorization *ret_authorization, struct err *err)
{
	struct device_authorization authorization = {0};
	struct answer answer = {0};
	struct buf form;
	int failed;

	buf_init(&form, MAX_FORM);
	http_form_add(&form, "client_id", oauth->platform->client_id);
	failed = oauth_ask(oauth, oauth->platform->device_authorization_path, &form, &answer, err);
	if (!failed && answer.response.status != 200)
		failed = oauth_refused(&answer, "", err);
	if (!failed)
		failed = answer.object ? read_authorization(&answer, &authorization, err)
		                       : makes_no_sense(&answer, answer.why, err);
	if (!failed) {
		*ret_authorization = authorization;
		authorization = (struct device_authorization){0};
	}
	device_authorization_clear(&authorization);
	answer_release(&answer);
	buf_release(&form);
	return failed;
}

static enum oauth_answer passing_or_failed(const struct err *err)
{
	return err_is_passing(err->code) ? OAUTH_PASSING : OAUTH_FAILED;
}

static enum oauth_answer read_token(const struct answer *answer, struct token *ret_token, struct err *err)
{
	char why[160];

	if (!answer->object)
		makes_no_sense(answer, answer->why, err);
	else if (token_from_answer(answer->object, answer->at, ret_token, why, sizeof(why)) == 0)
		return OAUTH_GRANTED;
	else
		makes_no_sense(answer, why, err);
	return passing_or_failed(err);
}

enum oauth_answer oauth_poll(struct oauth *oauth, const char *device_code, struct token *ret_token,
    double *ret_retry_after, struct err *err)
{
	struct answer answer = {0};
	struct buf form;
	enum oauth_answer result;

	*ret_retry_after = 0;
	buf_init_secret(&form, MAX_FORM);
	http_form_add(&form, "client_id", oauth->platform->client_id);
	http_form_add(&form, "device_code", device_code);
	http_form_add(&form, "grant_type", device_code_grant);
	if (oauth_ask(oauth, oauth->platform->token_path, &form, &answer, err) < 0) {
		result = passing_or_failed(err);
		goto out;
	}
	*ret_retry_after = answer.response.retry_after;
	const char *error = answer_error(&answer);
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
	} else if (is_success(&answer)) {
		result = read_token(&answer, ret_token, err);
	} else {
		oauth_refused(&answer, device_code, err);
		result = passing_or_failed(err);
	}
out:
	answer_release(&answer);
	buf_release(&form);
	return result;
}

/* wire facts: 401, invalid_grant whatever the status, or a 403 with an OAuth error object. */
static bool is_rejection(const struct answer *answer)
{
	const char *error = answer_error(answer);
	long status = answer->response.status;

	if (status == 401 || (status == 403 && error))
		return true;
	return status < 500 && error && strcmp(error, "invalid_grant") == 0;
}

static bool is_worth_retrying(long status)
{
	return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

enum oauth_answer oauth_refresh(struct oauth *oauth, const char *refresh_token, struct token *ret_token,
    double *ret_retry_after, struct err *err)
{
	struct answer answer = {0};
	struct buf form;
	enum oauth_answer result;

	*ret_retry_after = 0;
	buf_init_secret(&form, MAX_FORM);
	http_form_add(&form, "client_id", oauth->platform->client_id);
	http_form_add(&form, "grant_type", "refresh_token");
	http_form_add(&form, "refresh_token", refresh_token);
	if (oauth_ask(oauth, oauth->platform->token_path, &form, &answer, err) < 0) {
		bool answered = answer.response.status >= 200 && answer.response.status < 400;
		result = is_success(&answer)                     ? OAUTH_LOST
		         : err->code == ERR_NETWORK && !answered ? OAUTH_PASSING
		                                                 : OAUTH_FAILED;
		goto out;
	}
	*ret_retry_after = answer.response.retry_after;
	if (is_success(&answer)) {
		result = read_token(&answer, ret_token, err) == OAUTH_GRANTED ? OAUTH_GRANTED : OAUTH_LOST;
	} else if (is_rejection(&answer)) {
		oauth_refused(&answer, refresh_token, err);
		err->code = ERR_REJECTED;
		err_advise(err, "run 'kimi login'");
		result = OAUTH_REJECTED;
	} else {
		oauth_refused(&answer, refresh_token, err);
		result = is_worth_retrying(answer.response.status) ? OAUTH_PASSING : OAUTH_FAILED;
	}
out:
	answer_release(&answer);
	buf_release(&form);
	return result;
}
