/*
 * line_editor: reads a line with editing, history and completion.
 *
 * This is the only module that uses libedit, and only programs that use it link
 * libedit. Keys are those of emacs, or what ~/.editrc says. Ctrl-C discards the line;
 * Ctrl-D on an empty line ends the input.
 */
#ifndef KIMI_UI_LINE_EDITOR_H
#define KIMI_UI_LINE_EDITOR_H

#include "base/buf.h"
#include "base/err.h"

struct line_editor;

/*
 * Adds completions of the word that begins `start` bytes into `typed` to `out`: whole words,
 * one per line. The caller ignores those that do not match.
 */
typedef void line_editor_words(void *context, const char *typed, size_t start, struct buf *out);

/* NULL: no memory, or no terminal. Shows everything on standard error. */
struct line_editor *line_editor_open(const char *program, line_editor_words *words, void *context);
void line_editor_close(struct line_editor *line);

/* 0: `ret_line` is what was typed (possibly nothing), 1: the end of the input, -1 ERR_INTERRUPTED. */
int line_editor_read(struct line_editor *line, const char *prompt, struct buf *ret_line, struct err *err);

/* Adds a line to the history of this editor. */
void line_editor_remember(struct line_editor *line, const char *text);

/*
 * Splits a line into words as a shell does, with quotes and backslashes. The words
 * live until the next call. *ret_words ends with NULL. -1 ERR_USAGE: a quote is open.
 */
int line_editor_split(const char *text, int *ret_count, const char *const **ret_words, struct err *err);

#endif
