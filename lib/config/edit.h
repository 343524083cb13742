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
#include "format/toml.h"

#include <jansson.h>
#include <stdbool.h>

struct editor {
	struct toml *doc;
	struct toml_error error;
	bool failed;
};

/* A path of keys for the calls below. */
#define PATH(...) ((const char *const[]){__VA_ARGS__, NULL})

void editor_set(struct editor *e, const char *const path[], json_t *value /* taken */);
void editor_set_text(struct editor *e, const char *const path[], const char *text);
void editor_set_text_if_absent(struct editor *e, const char *const path[], const char *text);
void editor_unset(struct editor *e, const char *const path[]);
void editor_unset_node(struct editor *e, const struct toml_node *node);

/* 0, or -1 with the first failure in *err. */
int editor_finish(const struct editor *e, struct err *err);

/*
 * config/models.c: brings the platform's models up to the list, takes the others
 * of its provider away, and makes the list's first the default if `choose`, or if
 * the default is not a model that will be there.
 */
void editor_put_models(
    struct editor *e, const struct platform *platform, const struct models *models, bool choose);

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

int config_edit_login(struct toml *doc, void *context, struct err *err);  /* const struct config_login */
int config_edit_logout(struct toml *doc, void *context, struct err *err); /* const struct platform */
int config_edit_sync(struct toml *doc, void *context, struct err *err);   /* const struct config_sync */
int config_edit_use(struct toml *doc, void *context, struct err *err);    /* const struct config_use */

#endif
