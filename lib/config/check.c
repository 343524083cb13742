#include "config/check.h"

#include "account/model.h"
#include "config/view.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char code[] = "config_refused";

/* A field of a table: what it must be, and whether it must be there. */
struct field {
	const char *name; /* NULL ends the fields */
	enum toml_kind kind;
	bool needed;
	const char *const *among; /* a text: what it may be (NULL: anything); a table: NULL, or `texts` */
	double least;             /* a number: what it must be at least */
};

/* Of a table: each of its members is a text. */
static const char *const texts[] = {NULL};

static const char *const themes[] = {"dark", "light", NULL};
static const char *const provider_types[] = {
    "kimi", "openai_legacy", "openai_responses", "anthropic", "gemini", "google_genai", "vertexai", NULL};
static const char *const storages[] = {"file", "keyring", NULL};
static const char *const services[] = {"moonshot_search", "moonshot_fetch", NULL};

static const struct field top_fields[] = {
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

static const struct field provider_fields[] = {
    {"type", TOML_STRING, true, provider_types, 0},
    {"base_url", TOML_STRING, true, NULL, 0},
    {"api_key", TOML_STRING, true, NULL, 0},
    {"env", TOML_TABLE, false, texts, 0},
    {"custom_headers", TOML_TABLE, false, texts, 0},
    {"oauth", TOML_TABLE, false, NULL, 0},
    {.name = NULL},
};

static const struct field model_fields[] = {
    {"provider", TOML_STRING, true, NULL, 0},
    {"model", TOML_STRING, true, NULL, 0},
    {"max_context_size", TOML_INTEGER, true, NULL, -HUGE_VAL},
    {"capabilities", TOML_ARRAY, false, NULL, 0},
    {"display_name", TOML_STRING, false, NULL, 0},
    {.name = NULL},
};

static const struct field service_fields[] = {
    {"base_url", TOML_STRING, true, NULL, 0},
    {"api_key", TOML_STRING, true, NULL, 0},
    {"custom_headers", TOML_TABLE, false, texts, 0},
    {"oauth", TOML_TABLE, false, NULL, 0},
    {.name = NULL},
};

static const struct field oauth_fields[] = {
    {"storage", TOML_STRING, false, storages, 0},
    {"key", TOML_STRING, true, NULL, 0},
    {.name = NULL},
};

static const struct field loop_fields[] = {
    {"max_steps_per_turn", TOML_INTEGER, false, NULL, 1},
    {"max_steps_per_run", TOML_INTEGER, false, NULL, 1},
    {"max_retries_per_step", TOML_INTEGER, false, NULL, 1},
    {"max_ralph_iterations", TOML_INTEGER, false, NULL, -1},
    {"reserved_context_size", TOML_INTEGER, false, NULL, 1000},
    {.name = NULL},
};

static const struct field mcp_fields[] = {{"client", TOML_TABLE, false, NULL, 0}, {.name = NULL}};
static const struct field mcp_client_fields[] = {
    {"tool_call_timeout_ms", TOML_INTEGER, false, NULL, -HUGE_VAL}, {.name = NULL}};

static const struct field hook_fields[] = {
    {"event", TOML_STRING, true, NULL, 0}, {"command", TOML_STRING, true, NULL, 0}, {.name = NULL}};

static bool is_one_of(const char *text, const char *const known[])
{
	for (; text && *known; known++)
		if (strcmp(text, *known) == 0)
			return true;
	return false;
}

/* "12", " 12.0 ": kimi-cli takes such a text for a number. NaN: it is none. */
static double number_of_text(const char *text)
{
	static const char blanks[] = " \t\r\n";
	char *end;
	double number = strtod(text, &end);
	bool plain = !text[strspn(text, "+-.0123456789 \t\r\n")];

	return plain && end != text && !end[strspn(end, blanks)] ? number : NAN;
}

static double number_of(const struct toml_node *node)
{
	const char *text = config_node_text(node);

	switch (toml_kind(node)) {
	case TOML_INTEGER:
		return (double)toml_integer(node);
	case TOML_FLOAT:
		return toml_float(node);
	case TOML_BOOLEAN:
		return toml_boolean(node);
	case TOML_STRING:
		return text ? number_of_text(text) : NAN;
	default:
		return NAN;
	}
}

static bool is_truth(const struct toml_node *node)
{
	static const char *const words[] = {
	    "0", "off", "f", "false", "n", "no", "1", "on", "t", "true", "y", "yes", NULL};

	const char *text = config_node_text(node);

	if (toml_kind(node) == TOML_BOOLEAN)
		return true;
	if (toml_kind(node) != TOML_STRING)
		return number_of(node) == 0 || number_of(node) == 1;
	for (const char *const *word = words; text && *word; word++)
		if (strcasecmp(text, *word) == 0)
			return true;
	return false;
}

static bool are_texts(const struct toml_node *table)
{
	for (const struct toml_node *node = toml_first(table); node; node = toml_next(node))
		if (toml_kind(node) != TOML_STRING)
			return false;
	return true;
}

static bool fits(const struct toml_node *node, const struct field *field)
{
	double number = field->kind == TOML_INTEGER ? number_of(node) : 0;

	if (field->kind == TOML_INTEGER)
		return isfinite(number) && number == floor(number) && number >= field->least;
	if (field->kind == TOML_BOOLEAN)
		return is_truth(node);
	if (toml_kind(node) != field->kind)
		return false;
	if (field->among == texts)
		return are_texts(node);
	return !field->among || is_one_of(config_node_text(node), field->among);
}

/* What a field must be, in words. */
static void describe(const struct field *field, char *ret_words, size_t size)
{
	static const char *const kinds[] = {[TOML_STRING] = "a text",
	    [TOML_BOOLEAN] = "true or false",
	    [TOML_ARRAY] = "a list",
	    [TOML_TABLE] = "a table"};

	if (field->kind == TOML_INTEGER && isfinite(field->least))
		snprintf(ret_words, size, "a whole number, %.0f or more", field->least);
	else if (field->kind == TOML_INTEGER)
		snprintf(ret_words, size, "a whole number");
	else if (field->among == texts)
		snprintf(ret_words, size, "a table of texts");
	else if (!field->among)
		snprintf(ret_words, size, "%s", kinds[field->kind]);
	else
		snprintf(ret_words, size, "one of");
	for (size_t i = 0; field->among && field->among[i]; i++)
		snprintf(ret_words + strlen(ret_words), size - strlen(ret_words), "%s %s", i ? "," : "",
		    field->among[i]);
}

/* Whether the fields of a table are right; false if it is no table at all. `what` and `name`: "model", "kimi-code/x". */
static bool check_fields(const struct toml_node *table, const struct field *field, const char *what,
    const char *name, struct problems *problems)
{
	char words[160];

	if (toml_kind(table) != TOML_TABLE) {
		problem_add(problems, code, "make it a table, or remove it",
		    "config.toml, %s %.200s: it is no table", what, name);
		return false;
	}
	for (; field->name; field++) {
		const struct toml_node *node = toml_member(table, field->name);
		describe(field, words, sizeof(words));
		if (!node && field->needed)
			problem_add(problems, code, "add it, or remove the table",
			    "config.toml, %s %.200s: it has no %s", what, name, field->name);
		else if (node && !fits(node, field))
			problem_add(problems, code, "correct it by hand",
			    "config.toml, %s %.200s: %s must be %s", what, name, field->name, words);
	}
	return true;
}

/* A member that is a table, and right as one: only then what is in it is looked at. */
static const struct toml_node *table_of(const struct toml_node *parent, const char *name)
{
	const struct toml_node *node = toml_member(parent, name);

	return node && toml_kind(node) == TOML_TABLE ? node : NULL;
}

static void check_part(const struct toml_node *parent, const char *part, const struct field *fields,
    const char *what, const char *name, struct problems *problems)
{
	const struct toml_node *table = table_of(parent, part);

	if (table)
		check_fields(table, fields, what, name, problems);
}

static void check_providers(const struct toml_node *providers, struct problems *problems)
{
	for (const struct toml_node *node = toml_first(providers); node; node = toml_next(node)) {
		const char *name = toml_key(node, NULL);
		if (check_fields(node, provider_fields, "provider", name, problems))
			check_part(node, "oauth", oauth_fields, "oauth of provider", name, problems);
	}
}

static bool is_capability(const struct toml_node *node)
{
	const char *text = config_node_text(node);

	for (const struct model_capability_name *known = model_capability_names; text && known->name; known++)
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
	return table && toml_member(table, name);
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
			check_part(service, "oauth", oauth_fields, "oauth of service", services[i], problems);
	}
}

static void check_hooks(const struct toml_node *root, struct problems *problems)
{
	const struct toml_node *hooks = toml_member(root, "hooks");

	if (!hooks || toml_kind(hooks) != TOML_ARRAY)
		return;
	for (const struct toml_node *node = toml_first(hooks); node; node = toml_next(node))
		check_fields(node, hook_fields, "one of", "the hooks", problems);
}

void config_check(const struct toml *config, struct problems *problems)
{
	const struct toml_node *root = toml_root(config);
	const struct toml_node *providers = table_of(root, "providers"), *models = table_of(root, "models"),
	                       *services_table = table_of(root, "services"), *mcp = table_of(root, "mcp");
	const char *chosen = config_default_model(config);

	if (toml_has_bom(config))
		problem_add(problems, code, "save it as UTF-8 without one",
		    "config.toml begins with a byte order mark (BOM), which kimi-cli cannot read");
	check_fields(root, top_fields, "the", "top of the file", problems);
	if (providers)
		check_providers(providers, problems);
	if (models)
		check_models(models, providers, problems);
	if (services_table)
		check_services(services_table, problems);
	check_part(root, "loop_control", loop_fields, "table", "loop_control", problems);
	check_part(root, "mcp", mcp_fields, "table", "mcp", problems);
	if (mcp)
		check_part(mcp, "client", mcp_client_fields, "table", "mcp.client", problems);
	check_hooks(root, problems);
	if (chosen && !has_member(models, chosen))
		problem_add(problems, code, "run 'kimi models --use' with one that is there",
		    "config.toml: the default model '%.200s' is not among the models", chosen);
}
