/*
 * view: reads config.toml.
 *
 * All functions take a document of config_file_read(); NULL counts as an empty one. Strings
 * are valid as long as the document.
 */
#ifndef KIMI_CONFIG_VIEW_H
#define KIMI_CONFIG_VIEW_H

#include "account/platform.h"
#include "format/toml.h"
#include "home/home.h"

#include <stdbool.h>

enum { CONFIG_PROVIDER_MAX = 64 };

/*
 * The keys that the home's client uses for a platform's provider, managed:ID or ID, and for
 * a model, ID/MODEL (the caller frees it).
 */
void config_provider_key(
    const struct home *home, const struct platform *platform, char ret_key[CONFIG_PROVIDER_MAX]);
char *config_model_key(const struct platform *platform, const char *id);

/* The id of the model in such a key, for people; the key itself if it has another form. */
const char *config_key_id(const struct platform *platform, const char *key);

/* A path of keys for toml.h and the calls below. */
#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * The string of a node, of the node at a path (ended by NULL), or of a member of a table.
 * NULL: it is missing, not a string, or contains a NUL, since a C string would be cut there.
 */
const char *config_node_text(const struct toml_node *node);
const char *config_text(const struct toml *doc, const char *const path[]);
const char *config_member_text(const struct toml_node *table, const char *key);

/* The member that is a table itself; NULL: it is missing, or another thing. */
const struct toml_node *config_member_table(const struct toml_node *table, const char *key);

/* The key of a member of a table; NULL if it contains a NUL. */
const char *config_node_key(const struct toml_node *node);

/*
 * The first one, for iterating with toml_next(); NULL: there is none. They may be other
 * things than tables.
 */
const struct toml_node *config_first_provider(const struct toml *doc);
const struct toml_node *config_first_model(const struct toml *doc);

/*
 * A provider with that name (NULL: false) belongs to the platform, also with the name
 * that a migration left.
 */
bool config_is_provider_of(const struct home *home, const struct platform *platform, const char *name);

/*
 * The table of the platform's provider; if there are two, the one with the client's own
 * key. NULL: none.
 */
const struct toml_node *config_provider(
    const struct home *home, const struct toml *doc, const struct platform *platform);

/* The model belongs to the platform's provider. */
bool config_is_model_of(
    const struct home *home, const struct toml_node *model, const struct platform *platform);

/*
 * The user has a table of his own under this key of a platform's model: it does not name
 * the platform's provider.
 */
bool config_is_own_model(
    const struct home *home, const struct toml *doc, const struct platform *platform, const char *key);

const char *config_default_model(const struct toml *doc); /* NULL: none */

/* The platform of the default model; NULL: no default, or one of the user's own provider. */
const struct platform *config_default_platform(const struct home *home, const struct toml *doc);

/* The configured API key of a platform; NULL: none, or one that cannot be sent. */
const char *config_api_key(const struct home *home, const struct toml *doc, const struct platform *platform);

/* The custom_headers table of the provider; NULL: none. */
const struct toml_node *config_custom_headers(
    const struct home *home, const struct toml *doc, const struct platform *platform);

#endif
