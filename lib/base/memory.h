/*
 * memory: the end of a program that cannot get memory.
 *
 * Inside jansson a failed allocation cannot be an error: its lexer does not
 * notice it and then writes past its buffer. Texts and documents that grow piece
 * by piece would come out shorter instead. There memory_end() ends the program;
 * elsewhere err_memory() is the error.
 */
#ifndef KIMI_BASE_MEMORY_H
#define KIMI_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* How the end is told: "PROGRAM: out of memory; ...", and as an event too if *json is true by then. Both are borrowed. */
void memory_end_as(const char *program, const bool *json);

/*
 * `undo` runs before the end, for what must not be left behind (a temporary
 * file, a line on the screen). It may not allocate. Registering it again changes
 * nothing.
 */
void memory_before_end(void (*undo)(void));

/*
 * Waits until no other thread holds signals (signals.h), runs what
 * memory_before_end() was given, writes one line and exits with status 75.
 * Allocates nothing.
 */
_Noreturn void memory_end(void);

/* malloc(), calloc(), realloc() and strdup() that end the program instead of returning NULL. */
void *memory_take(size_t len);
void *memory_take_zeroed(size_t count, size_t len);
void *memory_resize(void *memory, size_t len);
char *memory_copy(const char *text);

#endif
