/*
 * models: reads and fetches the model list of a platform.
 */
#ifndef KIMI_API_MODELS_H
#define KIMI_API_MODELS_H

#include "account/model.h"
#include "account/platform.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

/*
 * Reads a model list answer. Items without an id are skipped, so are ids that
 * the platform does not count and repetitions of an id. Text is cleaned. -1: it
 * is no list; `ret_why` says so.
 */
int models_from_answer(const struct platform *platform, const json_t *answer, struct models *ret_models,
    char *ret_why, size_t size);

/*
 * Fetches the list from the platform's base URL. `headers` are those of the
 * request, ended by NULL, without Authorization; `bearer` is an access token or
 * an API key. -1: ERR_REJECTED (401: the token or key), ERR_DENIED (402, or the
 * account was ended), ERR_NETWORK, ERR_SERVER, ERR_PROTOCOL, ERR_CONFIG,
 * ERR_INTERRUPTED.
 */
int models_fetch(const struct platform *platform, const char *const headers[], const char *bearer,
    struct models *ret_models, struct err *err);

#endif
