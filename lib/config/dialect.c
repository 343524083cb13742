#include "config/dialect.h"

#include <stddef.h>
#include <string.h>

static const char *const thinking_flag[] = {"default_thinking", NULL};
static const char *const thinking_table[] = {"thinking", "enabled", NULL};

static unsigned kimi_cli_capabilities_of_name(const char *id)
{
	unsigned bits = 0;

	if (strcasestr(id, "thinking"))
		bits |= MODEL_THINKING | MODEL_ALWAYS_THINKING;
	if (strcasestr(id, "kimi-k2.5"))
		bits |= MODEL_THINKING | MODEL_IMAGE_IN | MODEL_VIDEO_IN;
	return bits;
}

static const struct dialect dialects[] = {
    {
        .client = &client_kimi_code,
        .key_provider_prefix = "",
        .thinking = thinking_table,
        .rules = &config_rules_kimi_code,
        .capabilities = MODEL_THINKING | MODEL_ALWAYS_THINKING | MODEL_IMAGE_IN | MODEL_VIDEO_IN |
                        MODEL_TOOL_USE | MODEL_DYNAMIC_TOOLS,
        .storage = "file",
        .model_details = true,
        .needs_context = true,
        .keeps_aliases = true,
        .keeps_thinking = true,
        .one_secret = true,
        .oauth_host = true,
        .is_migrated = true,
    },
    {
        .client = &client_kimi_cli,
        .key_provider_prefix = "managed:",
        .thinking = thinking_flag,
        .rules = &config_rules_kimi_cli,
        .capabilities = MODEL_THINKING | MODEL_ALWAYS_THINKING | MODEL_IMAGE_IN | MODEL_VIDEO_IN,
        .capabilities_of_name = kimi_cli_capabilities_of_name,
    },
};

const struct dialect *config_dialect(const struct home *home)
{
	const struct dialect *dialect = dialects;

	while (dialect->client != home->client)
		dialect++;
	return dialect;
}

bool dialect_takes_model(const struct dialect *dialect, const struct model *model)
{
	return !dialect->needs_context || model->context_length > 0;
}

unsigned dialect_capabilities(const struct dialect *dialect, const char *id, unsigned said)
{
	unsigned bits = said;

	if (dialect->capabilities_of_name)
		bits |= dialect->capabilities_of_name(id);
	return bits & dialect->capabilities;
}
