#include "api/models.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/dialect.h"
#include "format/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_RESPONSE = 8 * 1024 * 1024,
	MAX_MODELS = 10000,
	MAX_TEXT = 256,
	MAX_TEXTS = 1024 * 1024,
	MAX_EFFORTS = 16,
	EXTRA_COST = 112, /* bytes that another text counts for: each takes as much memory in the config */
	TOTAL_MS = 30000
};

static const double most_context = 9e15; /* up to here every JSON and TOML parser keeps integers exact */

static unsigned thinking_of(const json_t *item)
{
	const char *type = json_text(item, "supports_thinking_type");

	if (type && strcmp(type, "only") == 0)
		return MODEL_THINKING | MODEL_ALWAYS_THINKING;
	if (type && strcmp(type, "both") == 0)
		return MODEL_THINKING;
	if (type && strcmp(type, "no") == 0)
		return 0;
	if (json_truth(item, "supports_reasoning"))
		return MODEL_THINKING;
	return 0;
}

static unsigned capabilities_of(const struct platform *platform, const json_t *item)
{
	unsigned bits = thinking_of(item);

	if (json_truth(item, "supports_image_in"))
		bits |= MODEL_IMAGE_IN;
	if (json_truth(item, "supports_video_in"))
		bits |= MODEL_VIDEO_IN;
	/* Older servers do not send it, and their models support tools. */
	if (!json_object_get(item, "supports_tool_use") || json_truth(item, "supports_tool_use"))
		bits |= MODEL_TOOL_USE;
	if (platform->oauth_key && json_flag(item, "supports_dynamic_tools"))
		bits |= MODEL_DYNAMIC_TOOLS;
	return bits;
}

/* The protocol as config.toml names it. NULL: the default, or unknown to the clients. */
static const char *protocol_of(const struct platform *platform, const json_t *item)
{
	const char *protocol = json_text(item, "protocol");

	if (!protocol || !platform->oauth_key)
		return NULL;
	if (strcmp(protocol, "anthropic") == 0)
		return "anthropic";
	if (strcmp(protocol, "response") == 0)
		return "openai_responses";
	return NULL;
}

static bool is_allowed(const struct platform *platform, const char *id)
{
	const char *const *prefix = platform->allowed_prefixes;

	if (!*prefix)
		return true;
	for (; *prefix; prefix++)
		if (strncmp(id, *prefix, strlen(*prefix)) == 0)
			return true;
	return false;
}

/* Returns a cleaned copy. NULL: too long, or empty once cleaned. */
static char *clean_copy(const char *text)
{
	if (strlen(text) > MAX_TEXT)
		return NULL;
	char *clean = memory_copy(text);
	text_clean_inplace(clean);
	if (*clean)
		return clean;
	free(clean);
	return NULL;
}

/* The same of a member. NULL: not a text, too long or empty. */
static char *clean_member(const json_t *object, const char *name)
{
	const char *text = json_text(object, name);

	if (text)
		return clean_copy(text);
	return NULL;
}

/* think_efforts: {support, valid_efforts, default_effort}. Ignores members that are not texts. */
static void take_efforts(const json_t *efforts, struct model *model)
{
	const json_t *list = json_object_get(efforts, "valid_efforts"), *item;
	size_t i, count = 0;

	if (!json_is_true(json_object_get(efforts, "support")))
		return;
	model->default_effort = clean_member(efforts, "default_effort");
	model->efforts = memory_take_zeroed(MAX_EFFORTS + 1, sizeof(*model->efforts));
	json_array_foreach(list, i, item)
	{
		char *effort = NULL;
		if (count < MAX_EFFORTS && json_is_string(item))
			effort = clean_copy(json_string_value(item));
		if (effort)
			model->efforts[count++] = effort;
	}
	if (!count) {
		free(model->efforts);
		model->efforts = NULL;
	}
}

/* Adds an item, or replaces an earlier one with that id, which `indexes` finds. Ignores invalid items. */
static void take_item(const struct home *home, const struct platform *platform, const json_t *item,
    json_t *indexes, struct models *models)
{
	const char *id = json_text(item, "id");
	double context = 0;

	if (!id || !*id || !is_allowed(platform, id))
		return;
	struct model model = {.id = clean_copy(id)};
	/* An id with control characters would not be the same id once cleaned. */
	if (!model.id || strcmp(model.id, id) != 0) {
		model_clear(&model);
		return;
	}
	if (json_number(item, "context_length", &context) && context >= 1 && context < most_context &&
	    context == floor(context))
		model.context_length = (long long)context;
	model.capabilities = dialect_capabilities(config_dialect(home), id, capabilities_of(platform, item));
	model.display_name = clean_member(item, "display_name");
	model.protocol = protocol_of(platform, item);
	take_efforts(json_object_get(item, "think_efforts"), &model);
	const json_t *index = json_object_get(indexes, id);
	if (index) {
		struct model *before = &models->items[json_integer_value(index)];
		model_clear(before);
		*before = model;
		return;
	}
	json_object_set_new(indexes, id, json_integer((json_int_t)models->count));
	models->items[models->count++] = model;
}

static size_t cost_of(const char *text)
{
	if (text)
		return strlen(text) + EXTRA_COST;
	return 0;
}

static size_t size_of_texts(const struct models *models)
{
	size_t size = 0;

	for (size_t i = 0; i < models->count; i++) {
		const struct model *model = &models->items[i];
		size += strlen(model->id) + strlen(text_or_empty(model->display_name)) +
		        cost_of(model->protocol) + cost_of(model->default_effort);
		for (char **effort = model->efforts; effort && *effort; effort++)
			size += cost_of(*effort);
		if (model->capabilities & MODEL_DYNAMIC_TOOLS)
			size += EXTRA_COST;
	}
	return size;
}

int models_from_response(const struct home *home, const struct platform *platform, const json_t *response,
    struct models *ret_models, struct reason *ret_reason)
{
	const json_t *data = json_object_get(response, "data"), *item;
	struct models models = {0};
	size_t i;

	if (!json_is_array(data))
		return reason_set(ret_reason, "it has no list of models");
	if (json_array_size(data) > MAX_MODELS)
		return reason_set(ret_reason, "it lists more than %d models", MAX_MODELS);
	json_t *indexes = json_object();
	models.items = memory_take_zeroed(json_array_size(data) + 1, sizeof(*models.items));
	json_array_foreach(data, i, item)
	{
		take_item(home, platform, item, indexes, &models);
	}
	json_decref(indexes);
	if (size_of_texts(&models) > MAX_TEXTS) {
		models_clear(&models);
		return reason_set(ret_reason, "its ids and names take more than %d bytes", MAX_TEXTS);
	}
	*ret_models = models;
	return 0;
}

int models_take(struct api_request *request, struct models *ret_models)
{
	struct reason reason;

	if (!request->failed && models_from_response(request->account.home, request->account.platform,
	                            request->body, ret_models, &reason) < 0)
		api_request_makes_no_sense(request, reason.text);
	if (request->failed)
		return -1;
	return 0;
}

void models_request(struct api_request *ret_request, const struct account *account, const struct toml *config)
{
	*ret_request = (struct api_request){
	    .account = *account,
	    .config = config,
	    .path = "/models",
	    .subject = "model list",
	    .max_response = MAX_RESPONSE,
	    .total_ms = TOTAL_MS,
	};
}
