/*
 * dialect: how each client writes config.toml, as data.
 *
 * A row describes the config of one client, for this directory and for code that reads
 * the models. A new client is a new row.
 */
#ifndef KIMI_CONFIG_DIALECT_H
#define KIMI_CONFIG_DIALECT_H

#include "account/model.h"
#include "config/rules.h"
#include "home/home.h"

#include <stdbool.h>

struct dialect {
	const struct client *client;
	const char *key_provider_prefix;  /* of the provider key of a platform without tokens */
	const char *const *thinking;      /* the path of the thinking switch; ended by NULL */
	const struct config_rules *rules; /* what the client refuses to load */
	unsigned capabilities;            /* of enum model_capability, known to the client */
	unsigned (*capabilities_of_name)(const char *id); /* from a model's id; NULL: none */
	const char *storage; /* the storage that is always written; NULL: that of the login */
	bool model_details;  /* write support_efforts, protocol and the like */
	bool needs_context;  /* cannot load a model without a context length */
	bool keeps_aliases;  /* keep models under the user's own keys that are not in the list */
	bool keeps_thinking; /* a new default model changes the switch only if it must */
	bool one_secret;     /* a provider must not have both an API key and tokens */
	bool oauth_host;     /* oauth is a table with a header and may have oauth_host */
	bool is_migrated;    /* may contain keys that kimi-cli wrote, left by a migration */
};

const struct dialect *config_dialect(const struct home *home);

/* The client can load a config with this model. */
bool dialect_takes_model(const struct dialect *dialect, const struct model *model);

/*
 * The model's capabilities as the client sees them: those that the server says, plus
 * those of its id.
 */
unsigned dialect_capabilities(const struct dialect *dialect, const char *id, unsigned said);

#endif
