/*
 * shell_history: the last lines typed into kimi shell, in shell_history in the home
 * (0600).
 *
 * No secret gets into it: a line is kept only if it begins with a slash and a word,
 * and no word in it could be a key or a token.
 */
#ifndef KIMI_CLI_SHELL_HISTORY_H
#define KIMI_CLI_SHELL_HISTORY_H

#include "base/buf.h"
#include "home/home.h"

#include <stdbool.h>

/* Adds the kept lines to `ret_lines`, oldest first, each with its line end. Ignores errors. */
void shell_history_read(const struct home *home, struct buf *ret_lines);

/* Saves a line. Returns false if it may contain a secret. Ignores write errors. */
bool shell_history_add(const struct home *home, const char *line);

#endif
