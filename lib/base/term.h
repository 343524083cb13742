/*
 * term: a person at a terminal: what it can show, and asking them.
 */
#ifndef KIMI_BASE_TERM_H
#define KIMI_BASE_TERM_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A person can be asked: standard input and standard error are terminals. */
bool term_is_there(void);

/* Columns and rows of the terminal behind a descriptor; 80 and 24 where it does not say. */
size_t term_width(int fd);
size_t term_height(int fd);

/* It is a terminal that can move its cursor (not TERM=dumb), and one that may be coloured (NO_COLOR is not set). */
bool term_can_redraw(int fd);
bool term_has_color(int fd);

/*
 * Prints the prompt to standard error and reads one line of standard input into
 * `ret_line`, without its end and what text_trim_input() removes. With `hidden` nothing
 * that is typed shows, and the terminal is put right again whatever happens, also
 * while the program is stopped: it then asks again. Not for two threads at once.
 * -1: ERR_INTERRUPTED, or ERR_USAGE at the end of the input or for a line over
 * the buffer's maximum.
 */
int term_ask(const char *prompt, bool hidden, struct buf *ret_line, struct err *err);

/* Reads a line of standard input in the same way, without a terminal. */
int term_read_line(struct buf *ret_line, struct err *err);

/* The same where the end of the input is no error: 1. */
int term_next_line(struct buf *ret_line, struct err *err);

#endif
