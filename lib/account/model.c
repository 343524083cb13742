#include "account/model.h"

#include <stdlib.h>

const struct model_capability_name model_capability_names[] = {
    {MODEL_THINKING, "thinking"},
    {MODEL_ALWAYS_THINKING, "always_thinking"},
    {MODEL_IMAGE_IN, "image_in"},
    {MODEL_VIDEO_IN, "video_in"},
    {MODEL_TOOL_USE, "tool_use"},
    {MODEL_DYNAMIC_TOOLS, "dynamically_loaded_tools"},
    {0, NULL},
};

void model_clear(struct model *model)
{
	for (char **effort = model->efforts; effort && *effort; effort++)
		free(*effort);
	free(model->efforts);
	free(model->default_effort);
	free(model->display_name);
	free(model->id);
	*model = (struct model){0};
}

void models_clear(struct models *models)
{
	for (size_t i = 0; i < models->count; i++)
		model_clear(&models->items[i]);
	free(models->items);
	*models = (struct models){0};
}
