#include "config/check.h"

#include "config/dialect.h"
#include "config/view.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char code[] = "config_refused";
static const char *const services[] = {"moonshot_search", "moonshot_fetch", NULL};

enum { WORDS_MAX = 160 };

struct check {
	const struct toml *config;
	const char *program; /* that reads it */
	const struct config_rules *rules;
	struct problems *problems;
};

static bool check_is_one_of(const char *text, const char *const known[])
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

static bool are_texts(const struct toml_node *parent)
{
	for (const struct toml_node *node = toml_first(parent); node; node = toml_next(node))
		if (toml_kind(node) != TOML_STRING)
			return false;
	return true;
}

static bool is_number(const struct check *check, const struct toml_node *node, double least)
{
	bool is_one = toml_kind(node) == TOML_INTEGER || toml_kind(node) == TOML_FLOAT;
	double number = is_one || check->rules->lenient ? number_of(node) : NAN;

	return isfinite(number) && number == floor(number) && number >= least;
}

static bool check_fits(
    const struct check *check, const struct toml_node *node, const struct config_field *field)
{
	if (field->kind == TOML_INTEGER)
		return is_number(check, node, field->least);
	if (field->kind == TOML_BOOLEAN && check->rules->lenient)
		return is_truth(node);
	if (toml_kind(node) != field->kind)
		return false;
	if (field->among == config_texts)
		return are_texts(node);
	if (field->kind == TOML_STRING && field->least > 0 && !*toml_string(node, NULL))
		return false;
	return !field->among || check_is_one_of(config_node_text(node), field->among);
}

/* What a field must be, in words. */
static void check_describe(const struct config_field *field, char ret_words[WORDS_MAX])
{
	static const char *const kinds[] = {[TOML_STRING] = "a text",
	    [TOML_BOOLEAN] = "true or false",
	    [TOML_ARRAY] = "a list",
	    [TOML_TABLE] = "a table"};

	if (field->kind == TOML_INTEGER && isfinite(field->least))
		snprintf(ret_words, WORDS_MAX, "a whole number, %.0f or more", field->least);
	else if (field->kind == TOML_INTEGER)
		snprintf(ret_words, WORDS_MAX, "a whole number");
	else if (field->among == config_texts)
		snprintf(ret_words, WORDS_MAX, "%s of strings", kinds[field->kind]);
	else if (field->kind == TOML_STRING && field->least > 0)
		snprintf(ret_words, WORDS_MAX, "a string that is not empty");
	else if (!field->among)
		snprintf(ret_words, WORDS_MAX, "%s", kinds[field->kind]);
	else
		snprintf(ret_words, WORDS_MAX, "one of");
	for (size_t i = 0; field->among && field->among[i]; i++)
		snprintf(ret_words + strlen(ret_words), WORDS_MAX - strlen(ret_words), "%s %s", i ? "," : "",
		    field->among[i]);
}

static size_t check_line_of(const struct check *check, const struct toml_node *node)
{
	return toml_line(check->config, node);
}

/* The member of that name, or of the same in camelCase where the client takes both. */
static const struct toml_node *member_of(
    const struct check *check, const struct toml_node *table, const char *name)
{
	const struct toml_node *node = toml_member(table, name);
	char camel[32];
	size_t len = 0;

	if (node || !check->rules->camel_case)
		return node;
	for (const char *c = name; *c && len + 1 < sizeof(camel); c++) {
		if (*c == '_' && c[1])
			camel[len++] = (char)toupper((unsigned char)*++c);
		else
			camel[len++] = *c;
	}
	camel[len] = '\0';
	return toml_member(table, camel);
}

/* Whether the fields of a table are right; false if it is not a table at all. `what` and `name`: "model", "kimi-code/x". */
static bool check_fields(const struct check *check, const struct toml_node *table,
    const struct config_field *field, const char *what, const char *name)
{
	char words[WORDS_MAX];

	if (toml_kind(table) != TOML_TABLE) {
		problem_add(check->problems, code, "make it a table, or remove it",
		    "config.toml, line %zu, %s %.200s: it is not a table", check_line_of(check, table), what,
		    name);
		return false;
	}
	for (; field->name; field++) {
		const struct toml_node *node = member_of(check, table, field->name);
		check_describe(field, words);
		if (!node && field->needed)
			problem_add(check->problems, code, "add it, or remove the table",
			    "config.toml, line %zu, %s %.200s: it has no %s", check_line_of(check, table),
			    what, name, field->name);
		else if (node && !check_fits(check, node, field))
			problem_add(check->problems, code, "correct it by hand",
			    "config.toml, line %zu, %s %.200s: %s must be %s", check_line_of(check, node),
			    what, name, field->name, words);
	}
	return true;
}

/* A member that is a table, and right as one: only then what is in it is looked at. */
static const struct toml_node *table_of(const struct toml_node *parent, const char *name)
{
	const struct toml_node *node = toml_member(parent, name);

	return node && toml_kind(node) == TOML_TABLE ? node : NULL;
}

static void check_part(const struct check *check, const struct toml_node *parent, const char *part,
    const struct config_field *fields, const char *what, const char *name)
{
	const struct toml_node *table = table_of(parent, part);

	if (table && fields)
		check_fields(check, table, fields, what, name);
}

static void check_providers(const struct check *check, const struct toml_node *providers)
{
	for (const struct toml_node *node = toml_first(providers); node; node = toml_next(node)) {
		const char *name = toml_key(node, NULL);
		if (check_fields(check, node, check->rules->provider, "provider", name))
			check_part(check, node, "oauth", check->rules->oauth, "oauth of provider", name);
	}
}

static void check_capabilities(const struct check *check, const struct toml_node *model, const char *name)
{
	const struct toml_node *list = toml_member(model, "capabilities");

	if (!check->rules->capabilities || !list || toml_kind(list) != TOML_ARRAY)
		return;
	for (const struct toml_node *node = toml_first(list); node; node = toml_next(node))
		if (!check_is_one_of(config_node_text(node), check->rules->capabilities))
			problem_add(check->problems, code, "remove it from the list",
			    "config.toml, line %zu, model %.200s: %s knows no capability '%.60s'",
			    check_line_of(check, node), name, check->program,
			    toml_kind(node) == TOML_STRING ? toml_string(node, NULL)
			                                   : "which is not a string");
}

static bool has_member(const struct toml_node *table, const char *name)
{
	return table && toml_member(table, name);
}

static void check_models(
    const struct check *check, const struct toml_node *models, const struct toml_node *providers)
{
	for (const struct toml_node *node = toml_first(models); node; node = toml_next(node)) {
		const char *name = toml_key(node, NULL);
		if (!check_fields(check, node, check->rules->model, "model", name))
			continue;
		const char *provider = config_member_text(node, "provider");
		if (check->rules->whole && provider && !has_member(providers, provider))
			problem_add(check->problems, code,
			    "remove the model, or run 'kimi login' to have its provider again",
			    "config.toml, line %zu, model %.200s: there is no provider '%.100s'",
			    check_line_of(check, node), name, provider);
		check_capabilities(check, node, name);
	}
}

static void check_services(const struct check *check, const struct toml_node *table)
{
	for (size_t i = 0; check->rules->service && services[i]; i++) {
		const struct toml_node *service = toml_member(table, services[i]);
		if (service && check_fields(check, service, check->rules->service, "service", services[i]))
			check_part(
			    check, service, "oauth", check->rules->oauth, "oauth of service", services[i]);
	}
}

static void check_hooks(const struct check *check, const struct toml_node *root)
{
	const struct toml_node *hooks = toml_member(root, "hooks");

	if (!check->rules->hook || !hooks || toml_kind(hooks) != TOML_ARRAY)
		return;
	for (const struct toml_node *node = toml_first(hooks); node; node = toml_next(node))
		check_fields(check, node, check->rules->hook, "one of", "the hooks");
}

/* A number that the client cannot hold makes the whole file unreadable, wherever it stands. */
static void check_integers(const struct check *check, const struct toml_node *node)
{
	enum toml_kind kind = toml_kind(node);
	int64_t largest = check->rules->largest;

	if (kind == TOML_INTEGER && (toml_integer(node) > largest || toml_integer(node) < -largest))
		problem_add(check->problems, code, "make it smaller, or a string",
		    "config.toml, line %zu: a whole number beyond 2^53 - 1, which %s cannot read",
		    check_line_of(check, node), check->program);
	if (kind != TOML_TABLE && kind != TOML_ARRAY)
		return;
	for (node = toml_first(node); node; node = toml_next(node))
		check_integers(check, node);
}

void config_check(const struct home *home, const struct toml *config, struct problems *problems)
{
	const struct config_rules *rules = config_dialect(home)->rules;
	const struct check check = {config, home->client->program, rules, problems};
	const struct toml_node *root = toml_root(config);
	const struct toml_node *providers = table_of(root, "providers"), *models = table_of(root, "models"),
	                       *services_table = table_of(root, "services"), *mcp = table_of(root, "mcp");
	const char *chosen = config_default_model(config);

	if (toml_has_bom(config))
		problem_add(problems, code, "save it as UTF-8 without one",
		    "config.toml begins with a byte order mark (BOM), which %s cannot read", check.program);
	if (rules->largest < INT64_MAX)
		check_integers(&check, root);
	check_fields(&check, root, rules->top, "the", "top of the file");
	if (providers)
		check_providers(&check, providers);
	if (models)
		check_models(&check, models, providers);
	if (services_table)
		check_services(&check, services_table);
	check_part(&check, root, "thinking", rules->thinking, "table", "thinking");
	check_part(&check, root, "loop_control", rules->loop_control, "table", "loop_control");
	check_part(&check, root, "mcp", rules->mcp, "table", "mcp");
	if (mcp)
		check_part(&check, mcp, "client", rules->mcp_client, "table", "mcp.client");
	check_hooks(&check, root);
	if (rules->whole && chosen && !has_member(models, chosen))
		problem_add(problems, code, "choose another with 'kimi models --use MODEL'",
		    "config.toml: the default model '%.200s' is not among the models", chosen);
}
