/*
 * config_editor: notes edits on the document, and remembers the first that failed.
 *
 * Note freely, look at the outcome once with editor_finish().
 */
#ifndef KIMI_CONFIG_EDIT_H
#define KIMI_CONFIG_EDIT_H

#include "account/model.h"
#include "account/platform.h"
#include "base/err.h"
#include "config/dialect.h"
#include "config/file.h"
#include "format/toml.h"

#include <jansson.h>
#include <stdbool.h>

struct editor {
	const struct home *home;
	const struct dialect *dialect; /* of the home's client */
	struct toml *doc;
	struct toml_error error;
	bool failed;
};

/* An editor of a document of that home. */
struct editor editor_of(const struct home *home, struct toml *doc);

/* A path of keys for the calls below. */
#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

void editor_set(struct editor *e, const char *const path[], json_t *value /* taken */);
void editor_set_text(struct editor *e, const char *const path[], const char *text);
void editor_put_text(struct editor *e, const char *const path[], const char *text /* NULL: unset */);
void editor_set_text_if_absent(struct editor *e, const char *const path[], const char *text);
void editor_unset(struct editor *e, const char *const path[]);
void editor_unset_node(struct editor *e, const struct toml_node *node);

/* 0, or -1 with the first failure in *err. */
int editor_finish(const struct editor *e, struct err *err);

/*
 * config/models.c: brings the platform's models up to the list, as those of
 * `provider`, takes the others of the platform away, and makes the list's first the
 * default if `choose`, or if the default is not a model that will be there.
 */
void editor_put_models(struct editor *e, const struct platform *platform, const char *provider,
    const struct models *models, bool choose);

/* config/models.c: a model that the user made beside those of the list, which the client's dialect lets stay. */
bool editor_is_alias(const struct editor *e, const struct platform *platform, const struct toml_node *model);

/* config/models.c: the switch of thinking as it stands; -1: it does not. */
int editor_thinking(const struct editor *e);

/* config/models.c: sets it, and takes away what a login set for this default model: not what a user chose otherwise. */
void editor_set_thinking(struct editor *e, bool on);
void editor_unset_thinking(struct editor *e, const struct toml_node *model);

/*
 * The changes of login.h on a document: each is a config_edit, with the context named.
 */
struct config_sync {
	const struct platform *platform;
	const struct models *models;
};

struct config_use {
	const char *key; /* of a model */
	int thinking;    /* -1: as it was */
};

config_edit config_edit_login;  /* const struct config_login */
config_edit config_edit_logout; /* const struct platform */
config_edit config_edit_sync;   /* const struct config_sync */
config_edit config_edit_use;    /* const struct config_use */

#endif
