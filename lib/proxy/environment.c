#include "proxy/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned environment_default(const char *command)
{
	const char *slash = command ? strrchr(command, '/') : NULL;
	const char *name = slash ? slash + 1 : command;

	if (name && strcmp(name, "claude") == 0)
		return ENVIRONMENT_CLAUDE | ENVIRONMENT_OPENAI;
	return ENVIRONMENT_OPENAI | ENVIRONMENT_ANTHROPIC;
}

/* The list that grows. */
struct builder {
	struct variable *next;
	bool too_long;
};

static void environment_add(struct builder *builder, const char *name, const char *value, const char *suffix)
{
	struct variable *variable = builder->next++;

	*variable = (struct variable){.name = name};
	int n = snprintf(variable->value, sizeof(variable->value), "%s%s", value, suffix);
	builder->too_long = builder->too_long || n < 0 || (size_t)n >= sizeof(variable->value);
}

static void add_unset(struct builder *builder, const char *name)
{
	*builder->next++ = (struct variable){.name = name, .unset = true};
}

/* A list that is "*" holds every host; with another name beside it, some programs do not see the "*". */
static bool environment_lists(const char *list, const char *host)
{
	size_t len = strlen(host);

	if (strcmp(list, "*") == 0)
		return true;
	for (const char *at = list; *at; at += strspn(at, ", ")) {
		size_t word = strcspn(at, ", ");
		if (word == len && strncmp(at, host, len) == 0)
			return true;
		at += word;
	}
	return false;
}

/* Programs read one or the other, and know an IPv6 address with or without brackets. */
static void add_exceptions(struct builder *builder, const struct environment *set)
{
	static const char *const names[] = {"no_proxy", "NO_PROXY"};
	bool six = strchr(set->url, '[');
	const char *hosts = six ? ",127.0.0.1,localhost,::1,[::1]" : ",127.0.0.1,localhost";

	for (int i = 0; i < 2; i++) {
		const char *now = set->no_proxy[i];
		if (!now || !*now)
			now = set->no_proxy[1 - i];
		if (!now || !*now)
			environment_add(builder, names[i], hosts + 1, "");
		else if (environment_lists(now, "127.0.0.1") && environment_lists(now, "localhost") &&
		         (!six || (environment_lists(now, "::1") && environment_lists(now, "[::1]"))))
			environment_add(builder, names[i], now, "");
		else
			environment_add(builder, names[i], now, hosts);
	}
}

int environment_build(
    const struct environment *set, struct variable ret_variables[ENVIRONMENT_MAX + 1], struct err *err)
{
	struct builder builder = {.next = ret_variables};

	if (set->kinds & ENVIRONMENT_OPENAI) {
		environment_add(&builder, "OPENAI_BASE_URL", set->url, "/v1");
		environment_add(&builder, "OPENAI_API_KEY", set->key, "");
	}
	if (set->kinds & (ENVIRONMENT_ANTHROPIC | ENVIRONMENT_CLAUDE)) {
		environment_add(&builder, "ANTHROPIC_BASE_URL", set->url, "");
		if (set->socket)
			environment_add(&builder, "ANTHROPIC_UNIX_SOCKET", set->socket, "");
	}
	if (set->kinds & ENVIRONMENT_ANTHROPIC)
		environment_add(&builder, "ANTHROPIC_API_KEY", set->key, "");
	if (set->kinds & ENVIRONMENT_CLAUDE)
		environment_add(&builder, "ANTHROPIC_AUTH_TOKEN", set->key, "");
	if (set->kinds & ENVIRONMENT_CLAUDE && !(set->kinds & ENVIRONMENT_ANTHROPIC))
		add_unset(&builder, "ANTHROPIC_API_KEY");
	add_exceptions(&builder, set);
	builder.next->name = NULL;
	if (builder.too_long)
		return err_set(err, ERR_CONFIG, "shorten NO_PROXY", "a variable for the command is too long");
	return 0;
}

void environment_print(const struct variable *variables, struct buf *out)
{
	for (; variables->name; variables++) {
		if (variables->unset) {
			buf_addf(out, "unset %s\n", variables->name);
			continue;
		}
		buf_addf(out, "export %s='", variables->name);
		for (const char *at = variables->value; *at; at++) {
			if (*at == '\'')
				buf_addstr(out, "'\\''");
			else
				buf_addch(out, *at);
		}
		buf_addstr(out, "'\n");
	}
}

json_t *environment_json(const struct variable *variables)
{
	json_t *object = json_object();

	for (; variables->name; variables++)
		json_object_set_new(
		    object, variables->name, variables->unset ? json_null() : json_string(variables->value));
	return object;
}

int environment_apply(const struct variable *variables, struct err *err)
{
	int result = 0;

	for (; variables->name && result == 0; variables++) {
		if (variables->unset)
			result = unsetenv(variables->name);
		else
			result = setenv(variables->name, variables->value, 1);
	}
	if (result < 0)
		return err_memory(err);
	return 0;
}
