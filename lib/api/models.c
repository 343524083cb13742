#include "api/models.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	MAX_ANSWER = 8 * 1024 * 1024,
	MAX_MODELS = 10000,
	MAX_TEXT = 256,
	MAX_TEXTS = 1024 * 1024,
	TOTAL_MS = 30000
};

static const double most_context = 9e15; /* a whole number in every reader of JSON and TOML */

static unsigned capabilities_of(const char *id, const json_t *item)
{
	unsigned bits = 0;

	if (json_truth(item, "supports_reasoning"))
		bits |= MODEL_THINKING;
	if (json_truth(item, "supports_image_in"))
		bits |= MODEL_IMAGE_IN;
	if (json_truth(item, "supports_video_in"))
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

/* NULL: it is too long, or nothing is left of it. */
static char *clean_copy(const char *text)
{
	struct buf clean;

	if (strlen(text) > MAX_TEXT)
		return NULL;
	buf_init(&clean, MAX_TEXT);
	text_clean(&clean, text, strlen(text));
	if (!clean.len || clean.failed) {
		buf_release(&clean);
		return NULL;
	}
	return buf_detach(&clean);
}

static void model_clear(struct model *model)
{
	free(model->id);
	free(model->display_name);
}

/* An item that does not count leaves the list as it is. `places` has the index of each id: its last item counts. */
static void take_item(
    const struct platform *platform, const json_t *item, json_t *places, struct models *models)
{
	const char *id = json_text(item, "id"), *name = json_text(item, "display_name");
	double context = 0;

	if (!id || !*id || !counts(platform, id))
		return;
	struct model model = {.id = clean_copy(id), .display_name = name ? clean_copy(name) : NULL};
	/* An id with control characters would not be the same id once cleaned. */
	if (!model.id || strcmp(model.id, id) != 0) {
		model_clear(&model);
		return;
	}
	if (json_number(item, "context_length", &context) && context > 0 && context < most_context)
		model.context_length = (long long)context;
	model.capabilities = capabilities_of(id, item);
	const json_t *place = json_object_get(places, id);
	if (place) {
		struct model *before = &models->items[json_integer_value(place)];
		model_clear(before);
		*before = model;
		return;
	}
	json_object_set_new(places, id, json_integer((json_int_t)models->count));
	models->items[models->count++] = model;
}

static size_t size_of_texts(const struct models *models)
{
	size_t size = 0;

	for (size_t i = 0; i < models->count; i++) {
		const char *name = models->items[i].display_name;
		size += strlen(models->items[i].id) + (name ? strlen(name) : 0);
	}
	return size;
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
	if (json_array_size(data) > MAX_MODELS) {
		snprintf(ret_why, size, "it lists more than %d models", MAX_MODELS);
		return -1;
	}
	json_t *places = json_object();
	models.items = memory_take_zeroed(json_array_size(data) + 1, sizeof(*models.items));
	json_array_foreach(data, i, item) take_item(platform, item, places, &models);
	json_decref(places);
	if (size_of_texts(&models) > MAX_TEXTS) {
		models_clear(&models);
		snprintf(ret_why, size, "its ids and names take more than %d bytes", MAX_TEXTS);
		return -1;
	}
	*ret_models = models;
	return 0;
}

int models_take(struct api_request *request, struct models *ret_models)
{
	char why[160];

	if (!request->failed &&
	    models_from_answer(request->who.platform, request->answer, ret_models, why, sizeof(why)) < 0)
		api_request_makes_no_sense(request, why);
	return request->failed ? -1 : 0;
}

void models_request(struct api_request *ret_request, const struct home *home, const struct identity *who,
    const struct toml *config)
{
	*ret_request = (struct api_request){
	    .home = home,
	    .who = *who,
	    .config = config,
	    .path = "/models",
	    .subject = "model list",
	    .max_answer = MAX_ANSWER,
	    .total_ms = TOTAL_MS,
	};
}
