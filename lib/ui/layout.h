/*
 * layout: lays text out for the width of a terminal.
 */
#ifndef KIMI_UI_LAYOUT_H
#define KIMI_UI_LAYOUT_H

#include "base/buf.h"

#include <stddef.h>

/*
 * Adds the text to `out`, whose last line has `indent` columns already. Further lines are
 * indented by as much. Long words, such as paths, are not broken, nor are quoted commands.
 */
void layout_wrap(struct buf *out, size_t indent, size_t width, const char *text);

/* Prints the text to standard output, wrapped only if that is a terminal. */
void layout_print(size_t indent, const char *text);

/*
 * Adds the line "  LABEL   TEXT" to `out`: the text begins at column `indent` and is wrapped
 * there. Cleans the text, since paths and messages come from outside.
 */
void layout_add_field(struct buf *out, size_t indent, size_t width, const char *label, const char *text);

/* Prints such a line to standard output, wrapped only if that is a terminal. */
void layout_field(size_t indent, const char *label, const char *text);

/* Shortens a path below HOME to "~/...". */
void layout_path(const char *path, char *ret_text, size_t size);

#endif
