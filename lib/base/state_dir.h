/*
 * state_dir: the user's directory for state that is kept after the session,
 * $XDG_STATE_HOME/kimi or ~/.local/state/kimi.
 */
#ifndef KIMI_BASE_STATE_DIR_H
#define KIMI_BASE_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Its path, which need not exist. False: neither variable is an absolute path, or the
 * path is too long.
 */
bool state_dir_path(char *ret_path, size_t size);

#endif
