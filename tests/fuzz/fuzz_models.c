/* The response of a model list: every accepted model has an id of its own and text that can be printed. */
#include "api/models.h"
#include "base/text.h"
#include "config/dialect.h"
#include "format/json.h"

#include "fuzz.h"

static void need_clean(const char *text)
{
	struct buf clean;

	buf_init(&clean, SIZE_MAX / 4);
	text_clean(&clean, text, strlen(text));
	need(*text && strcmp(clean.data, text) == 0);
	buf_release(&clean);
}

static void try_platform(const struct home *home, const struct platform *platform, const json_t *response)
{
	struct models models = {0};
	struct reason reason = {0};

	if (models_from_response(home, platform, response, &models, &reason) < 0) {
		need(*reason.text && !models.items);
		return;
	}
	need(models.count <= json_array_size(json_object_get(response, "data")));
	for (size_t i = 0; i < models.count; i++) {
		const struct model *model = &models.items[i];
		need_clean(model->id);
		if (model->display_name)
			need_clean(model->display_name);
		need(model->context_length >= 0 && model->context_length < (long long)9e15);
		need(
		    !(model->capabilities & MODEL_ALWAYS_THINKING) || (model->capabilities & MODEL_THINKING));
		for (char **effort = model->efforts; effort && *effort; effort++)
			need_clean(*effort);
		need(!model->efforts || *model->efforts);
		if (model->default_effort)
			need_clean(model->default_effort);
		need(!(model->capabilities & ~config_dialect(home)->capabilities));
		need(!*platform->allowed_prefixes || strncmp(model->id, "kimi-k", 6) == 0);
		for (size_t j = 0; j < i; j++)
			need(strcmp(models.items[j].id, model->id) != 0);
	}
	models_clear(&models);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *response = json_parse((const char *)data, size, NULL);

	for (size_t i = 0; response && clients[i]; i++) {
		const struct home home = {.client = clients[i]};
		for (const struct platform *platform = platforms; platform->id; platform++)
			try_platform(&home, platform, response);
	}
	json_decref(response);
	return 0;
}
