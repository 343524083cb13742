/*
 * qr: a URL as a QR code in a terminal, for the phone in one's hand.
 */
#ifndef KIMI_UI_QR_H
#define KIMI_UI_QR_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* The toolkit was built with libqrencode. */
bool qr_is_built_in(void);

/*
 * Adds the code to `out`, two modules of height a line, indented by two columns,
 * and returns how many columns it takes. 0 and nothing added: it is wider than
 * `width` columns, the text is too long, or the library is missing. With `color`
 * it is black on white whatever the terminal's colours are; without, it is right
 * on a dark terminal.
 */
size_t qr_draw(const char *text, size_t width, bool color, struct buf *out);

#endif
