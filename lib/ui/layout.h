/*
 * layout: text as a person reads it on a terminal.
 */
#ifndef KIMI_UI_LAYOUT_H
#define KIMI_UI_LAYOUT_H

#include "base/buf.h"

#include <stddef.h>

/*
 * Adds the text to `out`, which stands in column `indent` of a line. What follows a break
 * is indented as far. A word that is wider than the rest of a line, such as a path, stays whole.
 */
void layout_wrap(struct buf *out, size_t indent, size_t width, const char *text);

/* A path as people write it: below HOME it begins with "~". */
void layout_path(const char *path, char *ret_text, size_t size);

#endif
