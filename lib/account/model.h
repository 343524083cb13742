/*
 * model: what a platform offers, and what each model can do.
 */
#ifndef KIMI_ACCOUNT_MODEL_H
#define KIMI_ACCOUNT_MODEL_H

#include <stddef.h>

enum model_capability {
	MODEL_THINKING = 1,
	MODEL_ALWAYS_THINKING = 2,
	MODEL_IMAGE_IN = 4,
	MODEL_VIDEO_IN = 8
};

struct model {
	char *id;
	char *display_name;       /* NULL: the platform gives none */
	long long context_length; /* tokens, 0: not known */
	unsigned capabilities;    /* of enum model_capability */
};

/* A list of models; the list owns its items. */
struct models {
	struct model *items;
	size_t count;
};

void models_clear(struct models *models);

/* The four capabilities that kimi-cli knows, in its order, ended by a NULL name. */
extern const struct model_capability_name {
	enum model_capability bit;
	const char *name;
} model_capability_names[];

#endif
