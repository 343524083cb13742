/*
 * path: which path below the base URL a request means.
 *
 * Clients differ in whether their base URL ends in /v1, so /v1/REST, /REST and
 * /v1/v1/REST are all BASE/REST. A path that a server could resolve to something
 * outside BASE is none.
 */
#ifndef KIMI_PROXY_PATH_H
#define KIMI_PROXY_PATH_H

#include <stdbool.h>

/*
 * The part of a request target (RFC 9112 section 3.2.1) that is put behind the base URL: "", or it begins with "/" or
 * "?", query included. NULL: the target is not an origin-form of printable ASCII, or its path has a dot segment or an
 * encoded or backward slash.
 */
const char *path_below_base(const char *target);

/* It is the path of the Messages API, whose errors have a shape of their own. */
bool path_is_messages(const char *target);

#endif
