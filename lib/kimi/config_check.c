#include "kimi/config_check.h"

#include "kimi/config_view.h"
#include "kimi/models.h"

#include <stdbool.h>
#include <string.h>

static const char code[] = "config_refused";

/* A field of a table: what it must be, and whether it must be there. */
struct field {
	const char *name;
	enum toml_kind kind;
	bool needed;
};

static const struct field top_fields[] = {
    {"default_model", TOML_STRING, false},
    {"default_thinking", TOML_BOOLEAN, false},
    {"default_yolo", TOML_BOOLEAN, false},
    {"default_editor", TOML_STRING, false},
    {"theme", TOML_STRING, false},
    {"models", TOML_TABLE, false},
    {"providers", TOML_TABLE, false},
    {"services", TOML_TABLE, false},
    {"loop_control", TOML_TABLE, false},
    {"mcp", TOML_TABLE, false},
    {"hooks", TOML_ARRAY, false},
    {NULL, TOML_STRING, false},
};

static const struct field provider_fields[] = {
    {"type", TOML_STRING, true},
    {"base_url", TOML_STRING, true},
    {"api_key", TOML_STRING, true},
    {"env", TOML_TABLE, false},
    {"custom_headers", TOML_TABLE, false},
    {"oauth", TOML_TABLE, false},
    {NULL, TOML_STRING, false},
};

static const struct field model_fields[] = {
    {"provider", TOML_STRING, true},
    {"model", TOML_STRING, true},
    {"max_context_size", TOML_INTEGER, true},
    {"capabilities", TOML_ARRAY, false},
    {"display_name", TOML_STRING, false},
    {NULL, TOML_STRING, false},
};

static const struct field service_fields[] = {
    {"base_url", TOML_STRING, true},
    {"api_key", TOML_STRING, true},
    {"oauth", TOML_TABLE, false},
    {NULL, TOML_STRING, false},
};

static const struct field oauth_fields[] = {
    {"storage", TOML_STRING, false},
    {"key", TOML_STRING, true},
    {NULL, TOML_STRING, false},
};

static const char *const provider_types[] = {
    "kimi", "openai_legacy", "openai_responses", "anthropic", "gemini", "google_genai", "vertexai", NULL};
static const char *const storages[] = {"file", "keyring", NULL};
static const char *const services[] = {"moonshot_search", "moonshot_fetch", NULL};

static const char *kind_word(enum toml_kind kind)
{
	switch (kind) {
	case TOML_STRING:
		return "a text";
	case TOML_INTEGER:
		return "a whole number";
	case TOML_BOOLEAN:
		return "true or false";
	case TOML_ARRAY:
		return "a list";
	default:
		return "a table";
	}
}

/* What the fields of a table are; false if it is no table at all. `where` names it: "model kimi-code/x". */
static bool check_fields(const struct toml_node *table, const struct field *field, const char *what,
    const char *name, struct problems *problems)
{
	if (toml_kind(table) != TOML_TABLE) {
		problem_add(problems, code, "make it a table, or remove it",
		    "config.toml, %s %.200s: it is no table", what, name);
		return false;
	}
	for (; field->name; field++) {
		const struct toml_node *node = toml_member(table, field->name);
		if (!node && field->needed)
			problem_add(problems, code, "add it, or remove the table",
			    "config.toml, %s %.200s: it has no %s", what, name, field->name);
		else if (node && toml_kind(node) != field->kind)
			problem_add(problems, code, "correct it by hand",
			    "config.toml, %s %.200s: %s must be %s", what, name, field->name,
			    kind_word(field->kind));
	}
	return true;
}

static bool is_one_of(const char *text, const char *const known[])
{
	for (; *known; known++)
		if (strcmp(text, *known) == 0)
			return true;
	return false;
}

static void check_oauth(
    const struct toml_node *table, const char *what, const char *name, struct problems *problems)
{
	const struct toml_node *oauth = toml_member(table, "oauth");

	if (!oauth || toml_kind(oauth) != TOML_TABLE)
		return;
	check_fields(oauth, oauth_fields, what, name, problems);
	const char *storage = config_member_text(oauth, "storage");
	if (storage && !is_one_of(storage, storages))
		problem_add(problems, code, "set it to file or keyring",
		    "config.toml, %s %.200s: '%.60s' is no storage", what, name, storage);
}

static void check_providers(const struct toml_node *providers, struct problems *problems)
{
	for (const struct toml_node *node = toml_first(providers); node; node = toml_next(node)) {
		const char *name = toml_key(node, NULL);
		if (!check_fields(node, provider_fields, "provider", name, problems))
			continue;
		const char *type = config_member_text(node, "type");
		if (type && !is_one_of(type, provider_types))
			problem_add(problems, code, "correct it by hand",
			    "config.toml, provider %.200s: kimi-cli knows no type '%.60s'", name, type);
		check_oauth(node, "provider", name, problems);
	}
}

static bool is_capability(const struct toml_node *node)
{
	const char *text = toml_kind(node) == TOML_STRING ? toml_string(node, NULL) : "";

	for (const struct model_capability_name *known = model_capability_names; known->name; known++)
		if (strcmp(text, known->name) == 0)
			return true;
	return false;
}

static void check_capabilities(const struct toml_node *model, const char *name, struct problems *problems)
{
	const struct toml_node *list = toml_member(model, "capabilities");

	if (!list || toml_kind(list) != TOML_ARRAY)
		return;
	for (const struct toml_node *node = toml_first(list); node; node = toml_next(node))
		if (!is_capability(node))
			problem_add(problems, code, "take it out of the list",
			    "config.toml, model %.200s: kimi-cli knows no capability '%.60s'", name,
			    toml_kind(node) == TOML_STRING ? toml_string(node, NULL) : "that is no text");
}

static bool has_member(const struct toml_node *table, const char *name)
{
	return table && toml_kind(table) == TOML_TABLE && toml_member(table, name);
}

static void check_models(
    const struct toml_node *models, const struct toml_node *providers, struct problems *problems)
{
	for (const struct toml_node *node = toml_first(models); node; node = toml_next(node)) {
		const char *name = toml_key(node, NULL);
		if (!check_fields(node, model_fields, "model", name, problems))
			continue;
		const char *provider = config_member_text(node, "provider");
		if (provider && !has_member(providers, provider))
			problem_add(problems, code,
			    "remove the model, or run 'kimi login' to have its provider again",
			    "config.toml, model %.200s: there is no provider '%.100s'", name, provider);
		check_capabilities(node, name, problems);
	}
}

static void check_services(const struct toml_node *table, struct problems *problems)
{
	for (size_t i = 0; services[i]; i++) {
		const struct toml_node *service = toml_member(table, services[i]);
		if (service && check_fields(service, service_fields, "service", services[i], problems))
			check_oauth(service, "service", services[i], problems);
	}
}

static const struct toml_node *table_of(const struct toml_node *root, const char *name)
{
	const struct toml_node *node = toml_member(root, name);

	return node && toml_kind(node) == TOML_TABLE ? node : NULL;
}

void config_check(const struct toml *config, struct problems *problems)
{
	const struct toml_node *root = toml_root(config);
	const struct toml_node *providers = table_of(root, "providers"), *models = table_of(root, "models"),
	                       *services_table = table_of(root, "services");
	const char *chosen = config_default_model(config);

	check_fields(root, top_fields, "the", "top of the file", problems);
	if (providers)
		check_providers(providers, problems);
	if (models)
		check_models(models, providers, problems);
	if (services_table)
		check_services(services_table, problems);
	if (chosen && !has_member(models, chosen))
		problem_add(problems, code, "run 'kimi models --use' with one that is there",
		    "config.toml: the default model '%.200s' is not among the models", chosen);
}
