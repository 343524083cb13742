/*
 * runtime: the folder for what shall not outlive the session, $XDG_RUNTIME_DIR/kimi.
 */
#ifndef KIMI_BASE_RUNTIME_DIR_H
#define KIMI_BASE_RUNTIME_DIR_H

#include <stdbool.h>
#include <stddef.h>

/* Its path, made if wished; false where there is none that is closed to all others. */
bool runtime_folder(bool make, char *ret_path, size_t size);

#endif
