/*
 * own_response: responses of the proxy's own, in the shape of the path's API.
 *
 *	response = own_response_new("/v1/messages", 401, "authentication_error", "run 'kimi login'", &len);
 */
#ifndef KIMI_PROXY_OWN_RESPONSE_H
#define KIMI_PROXY_OWN_RESPONSE_H

#include "base/err.h"

#include <stddef.h>

struct MHD_Response;

/* Makes a response with the error object; *ret_len is its length. Returns NULL if there is no memory. */
struct MHD_Response *own_response_new(
    const char *target, int status, const char *type, const char *message, size_t *ret_len);

/* Returns the HTTP status for an error; *ret_type is the `type` for the error object, a constant. */
int own_response_status(const struct err *err, const char **ret_type);

/* Returns what went wrong and what to do, safe to print on a terminal. Owned by the caller. */
char *own_response_message(const struct err *err);

#endif
