/*
 * model: a model of a platform and its capabilities.
 */
#ifndef KIMI_ACCOUNT_MODEL_H
#define KIMI_ACCOUNT_MODEL_H

#include <stddef.h>

enum model_capability {
	MODEL_THINKING = 1,
	MODEL_ALWAYS_THINKING = 2,
	MODEL_IMAGE_IN = 4,
	MODEL_VIDEO_IN = 8,
	MODEL_TOOL_USE = 16,
	MODEL_DYNAMIC_TOOLS = 32
};

struct model {
	char *id;
	char *display_name;       /* NULL: not known */
	long long context_length; /* tokens, 0: not known */
	unsigned capabilities;    /* bits of enum model_capability */
	char **efforts;           /* thinking efforts to choose from, ended by NULL; may be NULL */
	char *default_effort;     /* NULL: not known */
	const char *protocol;     /* "anthropic" or "openai_responses", a constant; NULL: the default one */
};

/* A list of models; the list owns its items. */
struct models {
	struct model *items;
	size_t count;
};

void model_clear(struct model *model);
void models_clear(struct models *models);

/* The names of the capabilities, in the order of the clients, ended by a NULL name. */
extern const struct model_capability_name {
	enum model_capability bit;
	const char *name;
} model_capability_names[];

#endif
