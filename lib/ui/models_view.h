/*
 * models_view: prints model lists: for a person, for a pipe, or as JSON.
 */
#ifndef KIMI_UI_MODELS_VIEW_H
#define KIMI_UI_MODELS_VIEW_H

#include "api/model_lists.h"
#include "base/err.h"

/*
 * On a terminal a table, page by page, and how to choose the default model. In a pipe
 * lines of default ("*"), id, name, context length and capabilities, with tabs between
 * them. `default_model` is a key of config.toml; NULL: there is no default, "": not known.
 * -1: no memory.
 */
int models_show(const struct model_lists *lists, const char *default_model, struct err *err);

/* {"models":[...],"errors":[...]}, one object for all lists. */
void models_show_json(const struct model_lists *lists, const char *default_model);

#endif
