/*
 * models: reads and asks for the model list of a platform.
 */
#ifndef KIMI_API_MODELS_H
#define KIMI_API_MODELS_H

#include "account/model.h"
#include "account/platform.h"
#include "api/request.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

/*
 * Reads a model list answer. Items without an id are skipped, so are ids that
 * the platform does not count and ids of more than 256 bytes; of two with one id
 * the last counts. A name of more than 256 bytes counts as absent, what a model
 * supports is judged by truth, its capabilities are those that the home's client
 * has for it, and text is cleaned. -1: it is no list, or one of more than 10,000
 * items or 1 MiB of text; `ret_why` says so.
 */
int models_from_answer(const struct home *home, const struct platform *platform, const json_t *answer,
    struct models *ret_models, char *ret_why, size_t size);

/* Fills in the request for a list; the caller sends it (request.h). */
void models_request(struct api_request *ret_request, const struct home *home, const struct identity *who,
    const struct toml *config);

/* The list that came; the caller clears it. -1: none came, request->err says why. */
int models_take(struct api_request *request, struct models *ret_models);

#endif
