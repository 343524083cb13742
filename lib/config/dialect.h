/*
 * dialect: how each client writes config.toml, as data.
 *
 * A row is all that sets one client's config apart from another's for the modules
 * of this directory and for those who read its models. Another client is another row.
 */
#ifndef KIMI_CONFIG_DIALECT_H
#define KIMI_CONFIG_DIALECT_H

#include "account/model.h"
#include "config/rules.h"
#include "home/home.h"

#include <stdbool.h>

struct dialect {
	const struct client *client;
	const char *key_provider_prefix;                  /* before the id of a platform without tokens */
	const char *const *thinking;                      /* the path of the switch; ended by NULL */
	const struct config_rules *rules;                 /* what the client refuses to load */
	unsigned capabilities;                            /* of enum model_capability: those that it knows */
	unsigned (*capabilities_of_name)(const char *id); /* what it takes from a model's id; NULL: nothing */
	const char *storage; /* where its tokens always are; NULL: as the login says */
	bool model_details;  /* efforts, protocol and what goes with it */
	bool needs_context;  /* a model without a context length makes the file unreadable */
	bool keeps_aliases;  /* a model under a key of the user's own stays, whatever the list says */
	bool keeps_thinking; /* a new default model changes the switch only if the model leaves no choice */
	bool one_secret;     /* a key and tokens cannot be used together in a provider */
	bool oauth_host;     /* oauth says it, in a table with a header */
	bool is_migrated;    /* a migration may have left there what kimi-cli writes */
};

const struct dialect *config_dialect(const struct home *home);

/* A model of the list can be written: the client loads a config with it. */
bool dialect_takes_model(const struct dialect *dialect, const struct model *model);

/* What a model can do, as the client has it: of what the server says, and of the id. */
unsigned dialect_capabilities(const struct dialect *dialect, const char *id, unsigned said);

#endif
