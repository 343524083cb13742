/*
 * shell_history: the lines typed into kimi shell, kept in shell_history in the
 * home (0600), the last few hundred of them.
 *
 * No secret gets into it: a line is kept if it begins with a slash and a word, and
 * none of its words could be a key or a token.
 */
#ifndef KIMI_CLI_SHELL_HISTORY_H
#define KIMI_CLI_SHELL_HISTORY_H

#include "base/buf.h"
#include "home/home.h"

#include <stdbool.h>

/* Adds the kept lines to `ret_lines`, oldest first, each with its line end. None is no error. */
void shell_history_read(const struct home *home, struct buf *ret_lines);

/* Keeps a line, if it may be. False: it may not. That it cannot be written is nobody's business. */
bool shell_history_add(const struct home *home, const char *line);

#endif
