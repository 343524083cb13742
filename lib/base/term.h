/*
 * term: what a terminal can display, and prompts.
 */
#ifndef KIMI_BASE_TERM_H
#define KIMI_BASE_TERM_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* The user can be prompted: standard input and standard error are terminals. */
bool term_is_there(void);

/* Columns and rows of the terminal; 80 and 24 if unknown. */
size_t term_width(int fd);
size_t term_height(int fd);

/*
 * It is a terminal that can move its cursor (not TERM=dumb); for color, NO_COLOR must
 * also be unset.
 */
bool term_can_redraw(int fd);
bool term_has_color(int fd);

/* The sequence if the terminal has color, else "". */
const char *term_style(int fd, const char *sequence);

/*
 * Prints the prompt to standard error and reads one line of standard input into `ret_line`,
 * trimmed with text_trim_input(). With `hidden`, the terminal does not show what is typed.
 * Its modes are restored in any case, also while the program is stopped; after that it
 * prompts again. Not for two threads at once. -1: ERR_INTERRUPTED, or ERR_USAGE at the end
 * of the input or if the line exceeds the buffer's maximum.
 */
int term_ask(const char *prompt, bool hidden, struct buf *ret_line, struct err *err);

/* The same without a prompt. */
int term_read_line(struct buf *ret_line, struct err *err);

/* The same, but returns 1 at the end of the input. */
int term_next_line(struct buf *ret_line, struct err *err);

#endif
