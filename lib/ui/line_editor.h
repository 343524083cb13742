/*
 * line: a person types a line, with editing, history and completion.
 *
 * The room of libedit: nothing outside includes its header, and only programs
 * that use this room link it. Keys are emacs's, or what ~/.editrc says. Ctrl-C
 * throws the line away, Ctrl-D on an empty one ends the input.
 */
#ifndef KIMI_UI_LINE_EDITOR_H
#define KIMI_UI_LINE_EDITOR_H

#include "base/buf.h"
#include "base/err.h"

struct line;

/*
 * What the word that begins `start` bytes into `typed` could become: whole words,
 * one a line, added to `out`; those that do not fit are left out by the caller.
 */
typedef void line_words(void *context, const char *typed, size_t start, struct buf *out);

/* NULL: no memory, or no terminal. Shows everything on standard error. */
struct line *line_open(const char *program, line_words *words, void *context);
void line_close(struct line *line);

/* 0: `ret_line` is what was typed (possibly nothing), 1: the end of the input, -1 ERR_INTERRUPTED. */
int line_read(struct line *line, const char *prompt, struct buf *ret_line, struct err *err);

/* A line that can be called back. */
void line_remember(struct line *line, const char *text);

/*
 * Parts a line into words as a shell does, with quotes and backslashes. The words
 * live until the next call. *ret_words ends with NULL. -1 ERR_USAGE: a quote is open.
 */
int line_split(const char *text, int *ret_count, const char *const **ret_words, struct err *err);

#endif
