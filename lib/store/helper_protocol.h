/*
 * helper_protocol: the NAME=VALUE lines of git-credential(1).
 *
 * Writes requests and reads responses; does not run the helper. Any bytes are safe.
 */
#ifndef KIMI_STORE_HELPER_PROTOCOL_H
#define KIMI_STORE_HELPER_PROTOCOL_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * Adds the request for the login `key` of the host with that URL, ended by an empty
 * line, with the secret to store (NULL: none). False: a value contains a line end,
 * which would start another attribute, or the request does not fit.
 */
bool helper_protocol_ask(struct buf *lines, const char *host, const char *key, const char *secret);

/*
 * Puts the value of the last `password=` line into `ret_secret`. Helpers repeat the
 * request, may add lines of their own, and may end lines with CRLF. False: there is no
 * such line, or the value does not fit (ret_secret->failed).
 */
bool helper_protocol_password(const struct buf *lines, struct buf *ret_secret);

#endif
