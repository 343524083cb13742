/*
 * models: fetches and reads the model list of one platform.
 */
#ifndef KIMI_API_MODELS_H
#define KIMI_API_MODELS_H

#include "account/model.h"
#include "account/platform.h"
#include "api/request.h"
#include "base/reason.h"

#include <jansson.h>

/*
 * Reads a model list. Skips items without an id, with an id of more than 256 bytes, or that
 * the platform does not allow; of two items with one id the last counts. Ignores names of
 * more than 256 bytes. Text is cleaned, and capabilities are those that the client of the
 * home knows. -1: not a list, or more than 10,000 items or 1 MiB of text; `ret_reason`
 * says which.
 */
int models_from_response(const struct home *home, const struct platform *platform, const json_t *response,
    struct models *ret_models, struct reason *ret_reason);

/* Fills in the request for a list; the caller sends it (request.h). */
void models_request(
    struct api_request *ret_request, const struct account *account, const struct toml *config);

/* The list that came; the caller clears it. -1: none came, request->err says why. */
int models_take(struct api_request *request, struct models *ret_models);

#endif
