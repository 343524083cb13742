#include "config/check.h"

#include "base/text.h"
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

enum { WORDS_MAX = 160, PATH_BYTES_MAX = 256 };

struct check {
	const struct toml *config;
	const char *program; /* of the client */
	const struct config_rules *rules;
	bool one_secret; /* as the client's dialect says */
	struct problems *problems;
};

/* kimi-cli accepts strings like "12" and " 12.0 " as numbers. NaN: not a number. */
static double number_of_text(const char *text)
{
	static const char spaces[] = " \t\r\n";
	char *end;
	double number = strtod(text, &end);
	bool plain = !text[strspn(text, "+-.0123456789 \t\r\n")];

	if (plain && end != text && !end[strspn(end, spaces)])
		return number;
	return NAN;
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
	default:
		if (text)
			return number_of_text(text);
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
		if (!toml_is(node, TOML_STRING))
			return false;
	return true;
}

static bool is_number(const struct check *check, const struct toml_node *node, double least)
{
	double number = number_of(node);

	if (!check->rules->lenient && !toml_is(node, TOML_INTEGER) && !toml_is(node, TOML_FLOAT))
		return false;
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
	return !field->among || text_is_one_of(text_or_empty(config_node_text(node)), field->among);
}

/* What a field must be, in words. */
static void check_describe(const struct config_field *field, char ret_words[WORDS_MAX])
{
	static const char *const kinds[] = {[TOML_STRING] = "a string",
	    [TOML_BOOLEAN] = "true or false",
	    [TOML_ARRAY] = "a list",
	    [TOML_TABLE] = "a table"};

	if (field->kind == TOML_INTEGER && isfinite(field->least))
		snprintf(ret_words, WORDS_MAX, "a whole number, %.0f or more", field->least);
	else if (field->kind == TOML_INTEGER)
		snprintf(ret_words, WORDS_MAX, "a whole number");
	else if (field->among == config_texts && field->kind == TOML_TABLE)
		snprintf(ret_words, WORDS_MAX, "a table of strings");
	else if (field->among == config_texts)
		snprintf(ret_words, WORDS_MAX, "a list of strings");
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

/* The member with that name, or with the same name in camelCase if the client accepts that. */
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

/* The path of a field of the table at `path` ("": the top level). */
static void config_check_path(char ret_path[PATH_BYTES_MAX], const char *path, const char *name)
{
	snprintf(ret_path, PATH_BYTES_MAX, "%.120s%s%.100s", path, *path ? "." : "", name);
}

/* Checks the fields of the table at `path`. False: it is not a table. */
static bool check_fields(const struct check *check, const struct toml_node *table,
    const struct config_field *field, const char *path)
{
	char words[WORDS_MAX], field_path[PATH_BYTES_MAX];

	if (toml_kind(table) != TOML_TABLE) {
		problem_add(check->problems, code, "make it a table, or remove it",
		    "config.toml, line %zu: %s is not a table", toml_line(check->config, table), path);
		return false;
	}
	for (; field->name; field++) {
		const struct toml_node *node = member_of(check, table, field->name);
		check_describe(field, words);
		config_check_path(field_path, path, field->name);
		if (!node && field->needed)
			problem_add(check->problems, code, "add it, or remove the table",
			    "config.toml, line %zu: %s is missing", toml_line(check->config, table),
			    field_path);
		else if (node && !check_fits(check, node, field))
			problem_add(check->problems, code, "correct it by hand",
			    "config.toml, line %zu: %s must be %s", toml_line(check->config, node),
			    field_path, words);
	}
	return true;
}

/*
 * Checks the fields of a table (NULL: it is missing, or not a table, which the check of
 * its parent reports).
 */
static void check_part(const struct check *check, const struct toml_node *table,
    const struct config_field *fields, const char *path)
{
	if (table && fields)
		check_fields(check, table, fields, path);
}

/* Checks a provider or a service, and its oauth table. */
static void check_login(const struct check *check, const struct toml_node *table,
    const struct config_field *fields, const char *path)
{
	char oauth[PATH_BYTES_MAX];

	if (!check_fields(check, table, fields, path))
		return;
	config_check_path(oauth, path, "oauth");
	check_part(check, config_member_table(table, "oauth"), check->rules->oauth, oauth);
}

/* The KIMI_API_KEY of `env` counts only beside `oauth`: another secret is used instead. */
static void check_one_secret(const struct check *check, const struct toml_node *provider, const char *path)
{
	static const char *const names[] = {"api_key", "api_key_env"};
	const char *found[3];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *text = text_or_empty(config_node_text(member_of(check, provider, names[i])));
		if (text[strspn(text, " \t")])
			found[count++] = names[i];
	}
	if (!count && *text_or_empty(config_member_text(toml_member(provider, "env"), "KIMI_API_KEY")))
		found[count++] = "env.KIMI_API_KEY";
	if (config_member_table(provider, "oauth"))
		found[count++] = "oauth";
	if (count > 1)
		problem_add(check->problems, code, "remove one of them",
		    "config.toml, line %zu: %s has both %s and %s, so %s refuses to use it",
		    toml_line(check->config, provider), path, found[0], found[1], check->program);
}

static void check_providers(const struct check *check, const struct toml_node *providers)
{
	for (const struct toml_node *node = toml_first(providers); node; node = toml_next(node)) {
		char path[PATH_BYTES_MAX];
		config_check_path(path, "providers", toml_key(node, NULL));
		check_login(check, node, check->rules->provider, path);
		if (check->one_secret)
			check_one_secret(check, node, path);
	}
}

static void check_capabilities(const struct check *check, const struct toml_node *model, const char *path)
{
	const struct toml_node *list = toml_member(model, "capabilities");

	if (!check->rules->capabilities || !toml_is(list, TOML_ARRAY))
		return;
	for (const struct toml_node *node = toml_first(list); node; node = toml_next(node)) {
		const char *capability = toml_string(node, NULL);
		if (text_is_one_of(text_or_empty(config_node_text(node)), check->rules->capabilities))
			continue;
		if (capability)
			problem_add(check->problems, code, "remove it from the list",
			    "config.toml, line %zu: %s does not support '%.60s' in %s.capabilities",
			    toml_line(check->config, node), check->program, capability, path);
		else
			problem_add(check->problems, code, "remove it from the list",
			    "config.toml, line %zu: %s.capabilities contains a value that is not a string",
			    toml_line(check->config, node), path);
	}
}

static void check_models(
    const struct check *check, const struct toml_node *models, const struct toml_node *providers)
{
	for (const struct toml_node *node = toml_first(models); node; node = toml_next(node)) {
		char path[PATH_BYTES_MAX], overrides[PATH_BYTES_MAX];
		config_check_path(path, "models", toml_key(node, NULL));
		if (!check_fields(check, node, check->rules->model, path))
			continue;
		config_check_path(overrides, path, "overrides");
		check_part(check, config_member_table(node, "overrides"), check->rules->overrides, overrides);
		const char *provider = config_member_text(node, "provider");
		if (check->rules->whole && provider && !toml_member(providers, provider))
			problem_add(check->problems, code,
			    "remove the model, or run 'kimi login' to add its provider again",
			    "config.toml, line %zu: %s names the provider '%.100s', which does not exist",
			    toml_line(check->config, node), path, provider);
		check_capabilities(check, node, path);
	}
}

static void check_services(const struct check *check, const struct toml_node *table)
{
	for (size_t i = 0; check->rules->service && services[i]; i++) {
		const struct toml_node *service = toml_member(table, services[i]);
		char path[PATH_BYTES_MAX];
		config_check_path(path, "services", services[i]);
		if (service)
			check_login(check, service, check->rules->service, path);
	}
}

static void check_no_other_fields(const struct check *check, const struct toml_node *table,
    const struct config_field *fields, const char *path)
{
	for (const struct toml_node *node = toml_first(table); node; node = toml_next(node)) {
		const struct config_field *field = fields;
		while (field->name && strcmp(field->name, toml_key(node, NULL)) != 0)
			field++;
		if (!field->name)
			problem_add(check->problems, code, "remove it",
			    "config.toml, line %zu: %s does not know %s.%.100s",
			    toml_line(check->config, node), check->program, path, toml_key(node, NULL));
	}
}

static void check_hooks(const struct check *check, const struct toml_node *root)
{
	const struct toml_node *hooks = toml_member(root, "hooks");

	if (!check->rules->hook || !toml_is(hooks, TOML_ARRAY))
		return;
	for (const struct toml_node *node = toml_first(hooks); node; node = toml_next(node))
		if (check_fields(check, node, check->rules->hook, "hooks") && check->rules->closed_hooks)
			check_no_other_fields(check, node, check->rules->hook, "hooks");
}

/* The client cannot read a file with a number that it cannot represent, wherever it is. */
static void check_integers(const struct check *check, const struct toml_node *node)
{
	int64_t largest = check->rules->largest;

	if (toml_is(node, TOML_INTEGER) && (toml_integer(node) > largest || toml_integer(node) < -largest))
		problem_add(check->problems, code, "make it smaller, or a string",
		    "config.toml, line %zu: %s cannot read a whole number beyond 2^53 - 1",
		    toml_line(check->config, node), check->program);
	for (node = toml_first(node); node; node = toml_next(node))
		check_integers(check, node);
}

void config_check(const struct home *home, const struct toml *config, struct problems *problems)
{
	const struct dialect *dialect = config_dialect(home);
	const struct config_rules *rules = dialect->rules;
	const struct check check = {config, home->client->program, rules, dialect->one_secret, problems};
	const struct toml_node *root = toml_root(config);
	const struct toml_node *providers = config_member_table(root, "providers"),
	                       *models = config_member_table(root, "models"),
	                       *mcp = config_member_table(root, "mcp");
	const char *chosen = config_default_model(config);

	if (toml_has_bom(config))
		problem_add(problems, code, "save it as UTF-8 without a byte order mark",
		    "config.toml begins with a byte order mark (BOM), which %s cannot read", check.program);
	if (rules->largest < INT64_MAX)
		check_integers(&check, root);
	check_fields(&check, root, rules->top, "");
	check_providers(&check, providers);
	check_models(&check, models, providers);
	check_services(&check, config_member_table(root, "services"));
	check_part(&check, config_member_table(root, "thinking"), rules->thinking, "thinking");
	check_part(&check, config_member_table(root, "loop_control"), rules->loop_control, "loop_control");
	check_part(&check, mcp, rules->mcp, "mcp");
	check_part(&check, config_member_table(mcp, "client"), rules->mcp_client, "mcp.client");
	check_hooks(&check, root);
	if (rules->whole && chosen && !toml_member(models, chosen))
		problem_add(problems, code, "choose another with 'kimi models --use MODEL'",
		    "config.toml: the default model '%.200s' is not among the models", chosen);
}
