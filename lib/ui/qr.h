/*
 * qr: a URL as a QR code on a terminal, to scan with a phone.
 */
#ifndef KIMI_UI_QR_H
#define KIMI_UI_QR_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether the toolkit was built with libqrencode. */
bool qr_is_built_in(void);

/*
 * Adds the code to `out`, two rows of modules per line, indented by two columns. Returns its
 * columns; 0: nothing added, because it is wider than `width`, the text is too long or the
 * library is missing. With `color` it is black on white on any terminal; without, it needs a
 * dark terminal.
 */
size_t qr_draw(const char *text, size_t width, bool color, struct buf *out);

#endif
