/*
 * credential_lines: what git-credential(1) says on a pipe, NAME=VALUE a line.
 *
 * The words of credential.h, without the helper that they are said to: how a
 * question is written, and how the answer is read. Any bytes are safe.
 */
#ifndef KIMI_STORE_HELPER_PROTOCOL_H
#define KIMI_STORE_HELPER_PROTOCOL_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * Adds the question about the login `key` of the host with that URL, ended by an
 * empty line; with a secret (NULL: none) to store. False: a value has a line end
 * in it and would be read as another attribute, or it does not fit.
 */
bool credential_lines_ask(struct buf *lines, const char *host, const char *key, const char *secret);

/*
 * Puts the value of the last `password=` line into `ret_secret`; helpers repeat
 * what they were given, may add lines of their own and end lines as Windows does. False: there is none, or
 * it does not fit (ret_secret->failed).
 */
bool credential_lines_password(const struct buf *lines, struct buf *ret_secret);

#endif
