/*
 * big_letters: a short code in letters of three lines.
 */
#ifndef KIMI_UI_BIG_LETTERS_H
#define KIMI_UI_BIG_LETTERS_H

#include "base/buf.h"

#include <stddef.h>

enum { BIG_LETTERS_LINES = 3 };

/* Returns its columns; 0: it is empty or has characters other than A-Z, 0-9 and '-'. */
size_t big_letters_width(const char *code);

/* Adds line 0 to BIG_LETTERS_LINES - 1 of the code, without a line end. Needs a big_letters_width(). */
void big_letters_add_line(struct buf *out, const char *code, int line);

#endif
