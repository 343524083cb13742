/*
 * large: a short code in letters as high as three lines, to be read across a room.
 */
#ifndef KIMI_UI_BIG_LETTERS_H
#define KIMI_UI_BIG_LETTERS_H

#include "base/buf.h"

#include <stddef.h>

enum { LARGE_LINES = 3 };

/* Columns that it takes; 0: it has other characters than A-Z, 0-9 and '-', or none. */
size_t large_width(const char *code);

/* Adds one of its lines, 0 to LARGE_LINES - 1, without a line end, where large_width() is not 0. */
void large_add_line(struct buf *out, const char *code, int line);

#endif
