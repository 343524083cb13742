#include "ui/layout.h"

#include "base/env.h"
#include "base/term.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TEXT = 64 * 1024 };

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

/* The length of the first word. A command in quotes counts as one word, so that it can be copied. */
static size_t word_len(const char *text)
{
	const char *quote = *text == '\'' ? strchr(text + 1, '\'') : NULL;

	if (!quote)
		return strcspn(text, " ");
	return (size_t)(quote - text) + strcspn(quote, " ");
}

void layout_wrap(struct buf *out, size_t indent, size_t width, const char *text)
{
	size_t column = indent;

	for (const char *at = text; *at;) {
		size_t len = word_len(at), columns = word_width(at, len);
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

static size_t output_width(void)
{
	return isatty(STDOUT_FILENO) ? term_width(STDOUT_FILENO) : SIZE_MAX;
}

void layout_print(size_t indent, const char *text)
{
	struct buf lines;

	buf_init(&lines, MAX_TEXT);
	layout_wrap(&lines, indent, output_width(), text);
	fputs(lines.data, stdout);
	buf_release(&lines);
}

void layout_add_field(struct buf *out, size_t indent, size_t width, const char *label, const char *text)
{
	struct buf clean;

	buf_init(&clean, MAX_TEXT);
	text_clean(&clean, text, strlen(text));
	buf_addf(out, "  %-*s ", (int)indent - 3, label);
	layout_wrap(out, indent, width, clean.data);
	buf_addch(out, '\n');
	buf_release(&clean);
}

void layout_field(size_t indent, const char *label, const char *text)
{
	struct buf line;

	buf_init(&line, MAX_TEXT);
	layout_add_field(&line, indent, output_width(), label, text);
	fputs(line.data, stdout);
	buf_release(&line);
}

void layout_path(const char *path, char *ret_text, size_t size)
{
	const char *home = env_get("HOME");
	size_t len = home ? strlen(home) : 0;
	bool is_below = len > 1 && strncmp(path, home, len) == 0 && path[len] == '/';

	snprintf(ret_text, size, "%s%s", is_below ? "~" : "", is_below ? path + len : path);
}
