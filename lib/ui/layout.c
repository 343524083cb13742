#include "ui/layout.h"

#include "base/env.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The columns of the first word of a text; a longer one is wide enough for any line. */
static size_t word_width(const char *text, size_t len)
{
	char word[512];

	if (len >= sizeof(word))
		return len;
	memcpy(word, text, len);
	word[len] = '\0';
	return text_width(word);
}

void layout_wrap(struct buf *out, size_t indent, size_t width, const char *text)
{
	size_t column = indent;

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, " "), columns = word_width(at, len);
		if (column > indent && column + 1 + columns > width) {
			buf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (at != text) {
			buf_addch(out, ' ');
			column++;
		}
		buf_add(out, at, len);
		column += columns;
		at += len + (at[len] == ' ');
	}
}

void layout_path(const char *path, char *ret_text, size_t size)
{
	const char *home = env_get("HOME");
	size_t len = home ? strlen(home) : 0;
	bool is_below = len > 1 && strncmp(path, home, len) == 0 && path[len] == '/';

	snprintf(ret_text, size, "%s%s", is_below ? "~" : "", is_below ? path + len : path);
}
