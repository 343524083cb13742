/*
 * runtime_dir: the directory for files of the user's session, $XDG_RUNTIME_DIR/kimi.
 */
#ifndef KIMI_BASE_RUNTIME_DIR_H
#define KIMI_BASE_RUNTIME_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* Its path; with `make`, creates it. False: there is no such directory, or others can access it. */
bool runtime_dir(bool make, char *ret_path, size_t size);

/* Removes the files PREFIX + process id of processes that have ended. Returns whether there were any. */
bool runtime_dir_sweep(const char *prefix);

#endif
