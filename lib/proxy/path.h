/*
 * path: the path below the base URL that a request means.
 *
 * Clients differ in whether their base URL ends in /v1, so /v1/REST, /REST and
 * /v1/v1/REST all mean BASE/REST. A path that a server could resolve to something
 * outside BASE is refused.
 */
#ifndef KIMI_PROXY_PATH_H
#define KIMI_PROXY_PATH_H

#include <stdbool.h>

/*
 * Returns the part of a request target (RFC 9112 section 3.2.1) to append to the base URL: "", or text that
 * begins with "/" or "?". Returns NULL if the target is not in origin-form and printable ASCII, or if its
 * path has a dot segment, an encoded slash or a backslash.
 */
const char *path_below_base(const char *target);

/* Returns whether the target belongs to the Messages API, whose errors have their own shape. */
bool path_is_messages(const char *target);

#endif
