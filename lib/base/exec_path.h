/*
 * exec_path: finds the toolkit's own programs.
 *
 * The exec path is $KIMI_EXEC_PATH, or else the directory of the running program and the
 * directory that the toolkit was installed to. Our programs are never searched on PATH,
 * where another program may have the same name.
 */
#ifndef KIMI_BASE_EXEC_PATH_H
#define KIMI_BASE_EXEC_PATH_H

#include "base/err.h"

#include <stddef.h>

/*
 * Iterates over the directories of the exec path; *at starts at 0. False: no more, or the
 * path does not fit.
 */
int exec_path_directory(unsigned *at, char *ret_directory, size_t size);

/* The path of a program (no slash in its name). -1 ERR_FAILED: it is missing. */
int exec_path_find(const char *program, char *ret_path, size_t size, struct err *err);

/*
 * The same for a helper, in ../libexec/kimi relative to each directory, or in the
 * directory itself.
 */
int exec_path_find_helper(const char *program, char *ret_path, size_t size, struct err *err);

#endif
