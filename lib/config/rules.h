/*
 * rules: what a client refuses in config.toml, as data for check.h.
 */
#ifndef KIMI_CONFIG_RULES_H
#define KIMI_CONFIG_RULES_H

#include "format/toml.h"

#include <stdbool.h>
#include <stdint.h>

/* A field of a table: what it must be, and whether it must be there. */
struct config_field {
	const char *name; /* NULL ends the fields */
	enum toml_kind kind;
	bool needed;
	const char *const *among; /* a text: what it may be; a list or table: config_texts; NULL: anything */
	double least; /* a number: what it must be at least; a text: above 0, it must not be empty */
};

/* Of a table or a list: each of its members is a text. */
extern const char *const config_texts[];

/* The fields of each kind of table; NULL: they are not looked at. */
struct config_rules {
	const struct config_field *top, *provider, *oauth, *model, *service, *thinking, *loop_control, *mcp,
	    *mcp_client, *hook;
	const char *const *capabilities; /* that a model may have; NULL: any text */
	int64_t largest;                 /* whole number anywhere in the file, and the same below 0 */
	bool lenient;                    /* a text that is a number or a truth is taken for one */
	bool camel_case;                 /* a name may be spelled so too: maxContextSize */
	bool whole;                      /* a model's provider must be there, and so must the default model */
};

extern const struct config_rules config_rules_kimi_cli, config_rules_kimi_code;

#endif
