/*
 * memory: exits if there is no memory.
 *
 * jansson cannot handle a failed allocation: its lexer ignores it and writes beyond its
 * buffer. Texts that are built piece by piece would be cut. In these cases memory_end()
 * exits. Elsewhere the error may be err_memory().
 */
#ifndef KIMI_BASE_MEMORY_H
#define KIMI_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Sets the name in the message "PROGRAM: out of memory; ...". If *json is true then, also
 * prints an event. Both are borrowed.
 */
void memory_end_as(const char *program, const bool *json);

/*
 * Registers a function to run before the exit, to remove a temporary file or a line on the
 * screen. It must not allocate. Registering it again does nothing.
 */
void memory_before_end(void (*undo)(void));

/*
 * Waits until no other thread holds signals (signals.h), runs the functions of
 * memory_before_end(), prints one line and exits with status 75. Allocates nothing.
 */
_Noreturn void memory_end(void);

/* malloc(), calloc(), realloc() and strdup() that exit instead of returning NULL. */
void *memory_take(size_t len);
void *memory_take_zeroed(size_t count, size_t len);
void *memory_resize(void *memory, size_t len);
char *memory_copy(const char *text);

/* Joins strings (ended by NULL) in memory of that length, so that no copy of a secret is left behind. */
char *memory_join(const char *const parts[]);

#endif
