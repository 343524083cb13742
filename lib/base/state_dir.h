/*
 * state_dir: the user's directory for what outlives the session, $XDG_STATE_HOME/kimi or ~/.local/state/kimi.
 */
#ifndef KIMI_BASE_STATE_DIR_H
#define KIMI_BASE_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* Its path, which need not exist; false if neither variable is set to an absolute path, or it is too long. */
bool state_dir_path(char *ret_path, size_t size);

#endif
