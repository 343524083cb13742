/*
 * edit: applies edits to the document and remembers the first error.
 *
 * After an error, further edits do nothing. Check once, with editor_finish().
 */
#ifndef KIMI_CONFIG_EDIT_H
#define KIMI_CONFIG_EDIT_H

#include "account/model.h"
#include "account/platform.h"
#include "base/err.h"
#include "config/dialect.h"
#include "config/file.h"
#include "config/view.h"
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

/* An editor of a document of that home, which it borrows. */
struct editor editor_of(const struct home *home, struct toml *doc);

void editor_set(struct editor *e, const char *const path[], json_t *value /* taken */);
void editor_set_text(struct editor *e, const char *const path[], const char *text);
void editor_put_text(struct editor *e, const char *const path[], const char *text /* NULL: unset */);
void editor_set_text_if_absent(struct editor *e, const char *const path[], const char *text);
void editor_unset(struct editor *e, const char *const path[]);
void editor_unset_node(struct editor *e, const struct toml_node *node);

/* 0, or -1 with the first error in *err. */
int editor_finish(const struct editor *e, struct err *err);

/* The functions below are in config/models.c. */

struct editor_models {
	const struct platform *platform;
	const char *provider; /* key of the provider that they get */
	const struct models *models;
	bool choose_default; /* make the first one the default even if there is one */
};

/*
 * Sets the platform's models to the list and removes its other models. The first model of
 * the list becomes the default if the default model does not exist any more.
 */
void editor_put_models(struct editor *e, const struct editor_models *list);

/* The user added this model under a key of his own, and the client keeps such models. */
bool editor_is_alias(const struct editor *e, const struct platform *platform, const struct toml_node *model);

/* The value of the thinking switch: 1, 0, or -1 if it is not set. */
int editor_thinking(const struct editor *e);
void editor_set_thinking(struct editor *e, bool on);

/*
 * Unsets the switch, unless the user has changed it from what a login sets for this
 * default model.
 */
void editor_unset_thinking(struct editor *e, const struct toml_node *model);

/*
 * Sets the switch if it is not set and the default model is in the list, as the client's
 * own login does. Where that model is the user's own table, the switch is the user's too.
 */
void editor_complete_thinking(struct editor *e, const struct platform *platform, const struct models *models);

/* The changes of login.h as edits of a document; each comment names the type of the context. */
struct config_use {
	const char *key; /* of a model */
	int thinking;    /* -1: unchanged */
	bool *ret_on;    /* the switch that was written; may be NULL */
};

config_edit config_edit_login;  /* const struct config_login */
config_edit config_edit_logout; /* const struct platform */
config_edit config_edit_sync;   /* const struct config_sync */
config_edit config_edit_use;    /* const struct config_use */

#endif
