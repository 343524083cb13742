#include "config/rules.h"

#include <math.h>
#include <stddef.h>

const char *const config_texts[] = {NULL};

/* ---- kimi-cli ---- */

static const char *const themes[] = {"dark", "light", NULL};
static const char *const provider_types[] = {
    "kimi", "openai_legacy", "openai_responses", "anthropic", "gemini", "google_genai", "vertexai", NULL};
static const char *const storages[] = {"file", "keyring", NULL};

static const char *const capabilities[] = {"thinking", "always_thinking", "image_in", "video_in", NULL};

static const struct config_field top_fields[] = {
    {"default_model", TOML_STRING, false, NULL, 0},
    {"default_thinking", TOML_BOOLEAN, false, NULL, 0},
    {"default_yolo", TOML_BOOLEAN, false, NULL, 0},
    {"default_editor", TOML_STRING, false, NULL, 0},
    {"theme", TOML_STRING, false, themes, 0},
    {"models", TOML_TABLE, false, NULL, 0},
    {"providers", TOML_TABLE, false, NULL, 0},
    {"services", TOML_TABLE, false, NULL, 0},
    {"loop_control", TOML_TABLE, false, NULL, 0},
    {"mcp", TOML_TABLE, false, NULL, 0},
    {"hooks", TOML_ARRAY, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field provider_fields[] = {
    {"type", TOML_STRING, true, provider_types, 0},
    {"base_url", TOML_STRING, true, NULL, 0},
    {"api_key", TOML_STRING, true, NULL, 0},
    {"env", TOML_TABLE, false, config_texts, 0},
    {"custom_headers", TOML_TABLE, false, config_texts, 0},
    {"oauth", TOML_TABLE, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field model_fields[] = {
    {"provider", TOML_STRING, true, NULL, 0},
    {"model", TOML_STRING, true, NULL, 0},
    {"max_context_size", TOML_INTEGER, true, NULL, -HUGE_VAL},
    {"capabilities", TOML_ARRAY, false, NULL, 0},
    {"display_name", TOML_STRING, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field service_fields[] = {
    {"base_url", TOML_STRING, true, NULL, 0},
    {"api_key", TOML_STRING, true, NULL, 0},
    {"custom_headers", TOML_TABLE, false, config_texts, 0},
    {"oauth", TOML_TABLE, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field oauth_fields[] = {
    {"storage", TOML_STRING, false, storages, 0},
    {"key", TOML_STRING, true, NULL, 0},
    {.name = NULL},
};

static const struct config_field loop_fields[] = {
    {"max_steps_per_turn", TOML_INTEGER, false, NULL, 1},
    {"max_steps_per_run", TOML_INTEGER, false, NULL, 1},
    {"max_retries_per_step", TOML_INTEGER, false, NULL, 1},
    {"max_ralph_iterations", TOML_INTEGER, false, NULL, -1},
    {"reserved_context_size", TOML_INTEGER, false, NULL, 1000},
    {.name = NULL},
};

static const struct config_field mcp_fields[] = {{"client", TOML_TABLE, false, NULL, 0}, {.name = NULL}};
static const struct config_field mcp_client_fields[] = {
    {"tool_call_timeout_ms", TOML_INTEGER, false, NULL, -HUGE_VAL}, {.name = NULL}};

static const struct config_field hook_fields[] = {
    {"event", TOML_STRING, true, NULL, 0}, {"command", TOML_STRING, true, NULL, 0}, {.name = NULL}};

const struct config_rules config_rules_kimi_cli = {
    .top = top_fields,
    .provider = provider_fields,
    .oauth = oauth_fields,
    .model = model_fields,
    .service = service_fields,
    .loop_control = loop_fields,
    .mcp = mcp_fields,
    .mcp_client = mcp_client_fields,
    .hook = hook_fields,
    .capabilities = capabilities,
    .largest = INT64_MAX,
    .lenient = true,
    .whole = true,
};

/* ---- kimi-code: only what prevents a login or hides all models, not all that it checks ---- */

static const char *const code_provider_types[] = {
    "kimi", "anthropic", "openai", "openai_responses", "google-genai", "vertexai", NULL};
static const char *const protocols[] = {"anthropic", "openai_responses", NULL};

static const struct config_field code_top_fields[] = {
    {"default_model", TOML_STRING, false, NULL, 0},
    {"models", TOML_TABLE, false, NULL, 0},
    {"providers", TOML_TABLE, false, NULL, 0},
    {"services", TOML_TABLE, false, NULL, 0},
    {"thinking", TOML_TABLE, false, NULL, 0},
    {"hooks", TOML_ARRAY, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field code_provider_fields[] = {
    {"type", TOML_STRING, true, code_provider_types, 0},
    {"base_url", TOML_STRING, false, NULL, 0},
    {"api_key", TOML_STRING, false, NULL, 0},
    {"api_key_env", TOML_STRING, false, NULL, 0},
    {"default_model", TOML_STRING, false, NULL, 0},
    {"env", TOML_TABLE, false, config_texts, 0},
    {"custom_headers", TOML_TABLE, false, config_texts, 0},
    {"source", TOML_TABLE, false, NULL, 0},
    {"oauth", TOML_TABLE, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field code_oauth_fields[] = {
    {"storage", TOML_STRING, false, storages, 0},
    {"key", TOML_STRING, true, NULL, 1},
    {"oauth_host", TOML_STRING, false, NULL, 1},
    {.name = NULL},
};

static const struct config_field code_model_fields[] = {
    {"provider", TOML_STRING, true, NULL, 0},
    {"model", TOML_STRING, true, NULL, 0},
    {"max_context_size", TOML_INTEGER, true, NULL, 1},
    {"max_input_size", TOML_INTEGER, false, NULL, 1},
    {"max_output_size", TOML_INTEGER, false, NULL, 1},
    {"capabilities", TOML_ARRAY, false, config_texts, 0},
    {"protocol", TOML_STRING, false, protocols, 0},
    {"beta_api", TOML_BOOLEAN, false, NULL, 0},
    {"adaptive_thinking", TOML_BOOLEAN, false, NULL, 0},
    {"support_efforts", TOML_ARRAY, false, config_texts, 0},
    {"default_effort", TOML_STRING, false, NULL, 0},
    {"off_effort", TOML_STRING, false, NULL, 0},
    {"display_name", TOML_STRING, false, NULL, 0},
    {"reasoning_key", TOML_STRING, false, NULL, 0},
    {"base_url", TOML_STRING, false, NULL, 0},
    {"overrides", TOML_TABLE, false, NULL, 0},
    {.name = NULL},
};

/* Of a model. */
static const struct config_field code_overrides_fields[] = {
    {"max_context_size", TOML_INTEGER, false, NULL, 1},
    {"max_input_size", TOML_INTEGER, false, NULL, 1},
    {"max_output_size", TOML_INTEGER, false, NULL, 1},
    {"capabilities", TOML_ARRAY, false, config_texts, 0},
    {"adaptive_thinking", TOML_BOOLEAN, false, NULL, 0},
    {"support_efforts", TOML_ARRAY, false, config_texts, 0},
    {"default_effort", TOML_STRING, false, NULL, 0},
    {"off_effort", TOML_STRING, false, NULL, 0},
    {"display_name", TOML_STRING, false, NULL, 0},
    {"reasoning_key", TOML_STRING, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field code_service_fields[] = {
    {"base_url", TOML_STRING, false, NULL, 0},
    {"api_key", TOML_STRING, false, NULL, 0},
    {"oauth", TOML_TABLE, false, NULL, 0},
    {.name = NULL},
};

static const struct config_field code_thinking_fields[] = {
    {"enabled", TOML_BOOLEAN, false, NULL, 0},
    {"effort", TOML_STRING, false, NULL, 0},
    {"keep", TOML_STRING, false, NULL, 0},
    {.name = NULL},
};

/* The names of events are not checked, because each version of kimi-code adds some. */
static const struct config_field code_hook_fields[] = {
    {"event", TOML_STRING, true, NULL, 0},
    {"command", TOML_STRING, true, NULL, 1},
    {"matcher", TOML_STRING, false, NULL, 0},
    {"timeout", TOML_INTEGER, false, NULL, 1},
    {.name = NULL},
};

const struct config_rules config_rules_kimi_code = {
    .top = code_top_fields,
    .provider = code_provider_fields,
    .oauth = code_oauth_fields,
    .model = code_model_fields,
    .overrides = code_overrides_fields,
    .service = code_service_fields,
    .thinking = code_thinking_fields,
    .hook = code_hook_fields,
    .largest = 9007199254740991, /* JavaScript's largest exact whole number */
    .camel_case = true,
    .closed_hooks = true,
};
