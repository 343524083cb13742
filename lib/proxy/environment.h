/*
 * environment: the variables that make a program use the proxy.
 *
 *	struct environment set = {.kinds = environment_default("claude"), .url = url, .key = key};
 *
 *	environment_build(&set, variables);
 */
#ifndef KIMI_PROXY_ENVIRONMENT_H
#define KIMI_PROXY_ENVIRONMENT_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* The values of --env; bits in their order. */
#define ENVIRONMENT_KINDS "openai|anthropic|claude|none"
enum environment_kind {
	ENVIRONMENT_OPENAI = 1,    /* OPENAI_BASE_URL with /v1, OPENAI_API_KEY */
	ENVIRONMENT_ANTHROPIC = 2, /* ANTHROPIC_BASE_URL without /v1, ANTHROPIC_API_KEY */
	ENVIRONMENT_CLAUDE = 4,    /* ANTHROPIC_AUTH_TOKEN instead, with which Claude Code asks nothing */
	ENVIRONMENT_NONE = 8,
};

enum { ENVIRONMENT_MAX = 10, ENVIRONMENT_VALUE_MAX = 4096 };

struct environment {
	unsigned kinds;
	const char *url; /* "http://127.0.0.1:PORT", without a slash at the end */
	const char *key;
	const char *socket;      /* of a listener without a port; NULL: none */
	const char *no_proxy[2]; /* what no_proxy and NO_PROXY are now; NULL: not set */
};

struct variable {
	const char *name; /* NULL: the end of the list */
	bool unset;       /* it is removed */
	char value[ENVIRONMENT_VALUE_MAX];
};

/* The kinds for a command (its path; NULL: there is none) where --env was not given. */
unsigned environment_default(const char *command);

/* Fills the list. -1: a value is too long (ERR_CONFIG). */
int environment_build(
    const struct environment *set, struct variable ret_variables[ENVIRONMENT_MAX + 1], struct err *err);

/* Adds them as lines for a shell: export NAME='VALUE'. */
void environment_print(const struct variable *variables, struct buf *out);

/* The list as an object: null for a variable that is removed. The caller owns it. */
json_t *environment_json(const struct variable *variables);

/* Applies the list to this process. -1: no memory. */
int environment_apply(const struct variable *variables, struct err *err);

#endif
