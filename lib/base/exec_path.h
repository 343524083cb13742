/*
 * sibling: where the toolkit's own programs lie.
 *
 * The exec path is $KIMI_EXEC_PATH, else the folder of the running program, else
 * the folder the toolkit was installed to. Siblings are found there and nowhere
 * else: never on PATH, where anyone may put a file of that name.
 */
#ifndef KIMI_BASE_EXEC_PATH_H
#define KIMI_BASE_EXEC_PATH_H

#include "base/err.h"

#include <stddef.h>

/* Folders of the exec path in order; *at starts at 0. False when there is none left, or it does not fit. */
int sibling_folder(unsigned *at, char *ret_folder, size_t size);

/* The absolute path of a program (no slash in its name); -1: it is not there, ERR_FAILED. */
int sibling_find(const char *program, char *ret_path, size_t size, struct err *err);

/* The same for a helper, which lies in ../libexec/kimi beside the folder of the programs, or in that folder itself. */
int sibling_find_helper(const char *program, char *ret_path, size_t size, struct err *err);

#endif
