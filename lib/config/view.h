/*
 * config_view: what config.toml says, for those who only read it.
 *
 * Questions to a document that config_file_read() gave (NULL: there is none, and
 * the answer is "nothing"). Texts live as long as the document.
 */
#ifndef KIMI_CONFIG_VIEW_H
#define KIMI_CONFIG_VIEW_H

#include "account/platform.h"
#include "format/toml.h"
#include "home/home.h"

#include <stdbool.h>

enum { CONFIG_PROVIDER_MAX = 64 };

/*
 * The key under which the home's client has a platform's provider, managed:ID or ID, and
 * of a model, ID/MODEL (the caller frees it; NULL: no memory).
 */
void config_provider_key(
    const struct home *home, const struct platform *platform, char ret_key[CONFIG_PROVIDER_MAX]);
char *config_model_key(const struct platform *platform, const char *id);

/*
 * The text of a node, of that at a path that ends with NULL, or of a member of a table. NULL: there is none, it is
 * something else, or it holds a NUL, so that it is never taken for its own beginning.
 */
const char *config_node_text(const struct toml_node *node);
const char *config_text(const struct toml *doc, const char *const path[]);
const char *config_member_text(const struct toml_node *table, const char *key);

/* The key of a member of a table; NULL if it holds a NUL, so that it is never taken for its own beginning. */
const char *config_node_key(const struct toml_node *node);

/* The first of the models, for walking with toml_next(); each should be a table with provider, model, ... NULL: none. */
const struct toml_node *config_first_model(const struct toml *doc);

/* A provider of that name is the platform's, also as a migration from another client left it. NULL: it is not. */
bool config_is_provider_of(const struct home *home, const struct platform *platform, const char *name);

/* The table of the platform's provider; if there are two, that under the client's own key. NULL: there is none. */
const struct toml_node *config_provider(
    const struct home *home, const struct toml *doc, const struct platform *platform);

/* The model belongs to the platform's provider. */
bool config_is_model_of(
    const struct home *home, const struct toml_node *model, const struct platform *platform);

/* A table that the user made stands under this key of one of the platform's models: it names another provider, or none. */
bool config_is_own_model(
    const struct home *home, const struct toml *doc, const struct platform *platform, const char *key);

const char *config_default_model(const struct toml *doc); /* NULL: none */

/* The platform whose model is the default; NULL: none, or a provider of the user's own. */
const struct platform *config_default_platform(const struct home *home, const struct toml *doc);

/* The same of the config as it is now; one that cannot be read says nothing. */
const struct platform *config_default_platform_at(const struct home *home);

/* The configured API key of a platform; NULL: none, or one that could not be sent. */
const char *config_api_key(const struct home *home, const struct toml *doc, const struct platform *platform);

/* The table of the provider's custom_headers, NULL for none. */
const struct toml_node *config_custom_headers(
    const struct home *home, const struct toml *doc, const struct platform *platform);

/* The config says that the login with this key lies in the keyring. A config that cannot be read says nothing. */
bool config_names_keyring(const struct home *home, const char *key);

#endif
