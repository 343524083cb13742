#include "account/model.h"

#include <stdlib.h>

const struct model_capability_name model_capability_names[] = {
    {MODEL_THINKING, "thinking"},
    {MODEL_ALWAYS_THINKING, "always_thinking"},
    {MODEL_IMAGE_IN, "image_in"},
    {MODEL_VIDEO_IN, "video_in"},
    {0, NULL},
};

void models_clear(struct models *models)
{
	for (size_t i = 0; i < models->count; i++) {
		free(models->items[i].id);
		free(models->items[i].display_name);
	}
	free(models->items);
	*models = (struct models){0};
}
