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
	const char *const
	    *among;   /* allowed values of a string; config_texts for a list or table; NULL: any */
	double least; /* minimum of a number; for a string, 1 means that it must not be empty */
};

/* For a table or a list: all values in it must be strings. */
extern const char *const config_texts[];

/* The fields of each kind of table; NULL: not checked. */
struct config_rules {
	const struct config_field *top, *provider, *oauth, *model, *overrides, *service, *thinking,
	    *loop_control, *mcp, *mcp_client, *hook;
	const char *const *capabilities; /* that a model may have; NULL: any string */
	int64_t largest;                 /* absolute value of a whole number anywhere in the file */
	bool lenient;                    /* accepts strings as numbers and booleans */
	bool camel_case;                 /* accepts names like maxContextSize, too */
	bool whole;                      /* a model's provider and the default model must exist */
	bool closed_hooks;               /* a hook must have no other fields */
};

extern const struct config_rules config_rules_kimi_cli, config_rules_kimi_code;

#endif
