#include "ui/qr.h"

#ifndef HAVE_QRENCODE

bool qr_is_built_in(void)
{
	return false;
}

size_t qr_draw(const char *text, size_t width, bool color, struct buf *out)
{
	(void)text, (void)width, (void)color, (void)out;
	return 0;
}

#else

#include <qrencode.h>

enum { QUIET = 2, INDENT = 2 }; /* modules of white around it; phones need only two */

static bool is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return code->data[y * code->width + x] & 1;
}

bool qr_is_built_in(void)
{
	return true;
}

size_t qr_draw(const char *text, size_t width, bool color, struct buf *out)
{
	/* The foreground of a dark terminal is light, so blocks are the light modules. */
	static const char *const halves[2][2] = {{"█", "▀"}, {"▄", " "}};
	QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	size_t columns = code ? (size_t)code->width + 2 * QUIET + INDENT : 0;

	if (columns > width)
		columns = 0;
	for (int y = -QUIET; columns && y < code->width + QUIET; y += 2) {
		buf_addf(out, "%*s%s", INDENT, "", color ? "\033[97;40m" : "");
		for (int x = -QUIET; x < code->width + QUIET; x++)
			buf_addstr(out, halves[is_dark(code, x, y)][is_dark(code, x, y + 1)]);
		buf_addf(out, "%s\n", color ? "\033[0m" : "");
	}
	if (code)
		QRcode_free(code);
	return columns;
}

#endif
