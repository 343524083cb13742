#include "api/models.h"

#include "base/buf.h"
#include "base/text.h"
#include "format/json.h"
#include "http/http.h"
#include "http/url.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_ANSWER = 64 * 1024 * 1024, MAX_TEXT = 64 * 1024, TOTAL_MS = 30000 };

static const double most_context = 9e15; /* a whole number in every reader of JSON and TOML */

static unsigned capabilities_of(const char *id, const json_t *item)
{
	unsigned bits = 0;

	if (json_flag(item, "supports_reasoning"))
		bits |= MODEL_THINKING;
	if (json_flag(item, "supports_image_in"))
		bits |= MODEL_IMAGE_IN;
	if (json_flag(item, "supports_video_in"))
		bits |= MODEL_VIDEO_IN;
	if (strcasestr(id, "thinking"))
		bits |= MODEL_THINKING | MODEL_ALWAYS_THINKING;
	if (strcasestr(id, "kimi-k2.5"))
		bits |= MODEL_THINKING | MODEL_IMAGE_IN | MODEL_VIDEO_IN;
	return bits;
}

static bool counts(const struct platform *platform, const char *id)
{
	const char *const *prefix = platform->allowed_prefixes;

	if (!*prefix)
		return true;
	for (; *prefix; prefix++)
		if (strncmp(id, *prefix, strlen(*prefix)) == 0)
			return true;
	return false;
}

/* NULL with *ret_memory false: it is absent or nothing is left of it. */
static char *clean_copy(const char *text)
{
	struct buf clean;

	buf_init(&clean, MAX_TEXT);
	text_clean(&clean, text, strlen(text));
	if (!clean.len || clean.failed) {
		buf_release(&clean);
		return NULL;
	}
	return buf_detach(&clean);
}

/* False: no memory. An item that does not count leaves the list as it is. */
static bool take_item(
    const struct platform *platform, const json_t *item, json_t *seen, struct models *models)
{
	const char *id = json_text(item, "id"), *name = json_text(item, "display_name");
	double context = 0;

	if (!id || !*id || !counts(platform, id) || json_object_get(seen, id))
		return true;
	struct model model = {.id = clean_copy(id), .display_name = name ? clean_copy(name) : NULL};
	/* An id with control characters would not be the same id once cleaned. */
	if (!model.id || strcmp(model.id, id) != 0) {
		free(model.id);
		free(model.display_name);
		return true;
	}
	if (json_number(item, "context_length", &context) && context > 0 && context < most_context)
		model.context_length = (long long)context;
	model.capabilities = capabilities_of(id, item);
	models->items[models->count++] = model;
	return json_object_set_new(seen, id, json_true()) == 0;
}

int models_from_answer(const struct platform *platform, const json_t *answer, struct models *ret_models,
    char *ret_why, size_t size)
{
	const json_t *data = json_object_get(answer, "data"), *item;
	struct models models = {0};
	size_t i;

	if (!json_is_array(data)) {
		snprintf(ret_why, size, "it has no list of models");
		return -1;
	}
	json_t *seen = json_object();
	models.items = calloc(json_array_size(data) + 1, sizeof(*models.items));
	bool ok = seen && models.items;
	if (ok)
		json_array_foreach(data, i, item) ok = ok && take_item(platform, item, seen, &models);
	json_decref(seen);
	if (!ok) {
		models_clear(&models);
		snprintf(ret_why, size, "out of memory");
		return -1;
	}
	*ret_models = models;
	return 0;
}

/* Kimi's own words for a refusal: {"error":{"type","message"}}. NULL: none. */
static const char *error_member(const json_t *answer, const char *name)
{
	return json_text(json_object_get(answer, "error"), name);
}

static int refused(const struct http_request *request, const struct http_response *response,
    const json_t *answer, struct err *err)
{
	const char *type = error_member(answer, "type");
	const char *message = text_unless_secret(error_member(answer, "message"), request->bearer);
	char host[160], words[400];

	url_host(request->url, host, sizeof(host));
	snprintf(words, sizeof(words), "%s%.300s (status %ld)", message ? ": " : "", message ? message : "",
	    response->status);
	if (type && strcmp(type, "access_terminated_error") == 0)
		return err_set(err, ERR_DENIED, "ask Kimi's support",
		    "%s has ended the access of this account%s", host, words);
	if (response->status == 401)
		return err_set(err, ERR_REJECTED, "run 'kimi login' to log in again",
		    "%s refused the token%s", host, words);
	if (response->status == 402)
		return err_set(err, ERR_DENIED, "see to the account's plan or balance",
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

static int read_answer(const struct platform *platform, const struct http_request *request,
    const struct http_response *response, struct models *ret_models, struct err *err)
{
	char why[160] = "it is not a JSON object", host[160];
	json_t *answer = json_parse(response->body.data, response->body.len, why, sizeof(why));
	int failed = 0;

	if (response->status != 200) {
		failed = refused(request, response, answer, err);
	} else if (!answer || models_from_answer(platform, answer, ret_models, why, sizeof(why)) < 0) {
		url_host(request->url, host, sizeof(host));
		failed = response->is_html
		             ? http_not_kimi(request, response, err)
		             : err_set(err, ERR_PROTOCOL,
		                   "check that this is Kimi's server and that kimi is up to date",
		                   "the model list of %s makes no sense: %s", host, why);
	}
	json_decref(answer);
	return failed;
}

int models_fetch(const struct platform *platform, const char *const headers[], const char *bearer,
    struct models *ret_models, struct err *err)
{
	char base[PLATFORM_URL_MAX], url[PLATFORM_URL_MAX + 16];
	struct http_response response;

	if (platform_base_url(platform, base, err) < 0)
		return -1;
	snprintf(url, sizeof(url), "%s/models", base);
	const struct http_request request = {
	    .url = url, .headers = headers, .bearer = bearer, .max_body = MAX_ANSWER, .total_ms = TOTAL_MS};
	int failed = http_perform(&request, &response, err);
	if (!failed)
		failed = read_answer(platform, &request, &response, ret_models, err);
	http_release(&response);
	return failed;
}
