#include "format/toml_internal.h"

#include <string.h>

struct toml_span toml_line_indent(const struct toml *doc, size_t line)
{
	size_t end = line;

	while (end < doc->len && (doc->text[end] == ' ' || doc->text[end] == '\t'))
		end++;
	return (struct toml_span){line, end};
}

static size_t next_line(const struct toml *doc, size_t at)
{
	const char *newline = at < doc->len ? memchr(doc->text + at, '\n', doc->len - at) : NULL;

	return newline ? (size_t)(newline - doc->text) + 1 : doc->len;
}

/* Behind the blank line that begins at `line`; `line` itself if none does. */
size_t toml_line_behind_blank(const struct toml *doc, size_t line)
{
	size_t at = toml_line_indent(doc, line).end;

	if (at < doc->len && doc->text[at] == '\r')
		at++;
	return at < doc->len && doc->text[at] == '\n' ? at + 1 : line;
}

/* The start of the blank line that ends at `line`; `line` itself if none does. */
size_t toml_line_before_blank(const struct toml *doc, size_t line)
{
	size_t at = line;

	if (at == doc->body)
		return line;
	at--;
	if (at > doc->body && doc->text[at - 1] == '\r')
		at--;
	while (at > doc->body && (doc->text[at - 1] == ' ' || doc->text[at - 1] == '\t'))
		at--;
	return at == doc->body || doc->text[at - 1] == '\n' ? at : line;
}

/* Behind the last key of a section, or its header. */
size_t toml_section_end(const struct toml_node *section)
{
	const struct toml_entry *last = section->table->entry_last;

	return last ? last->line_end : section->table->line_end;
}

/* The comment lines that follow at once belong to the section, unless they touch the next header. */
size_t toml_section_end_with_comment(const struct toml *doc, const struct toml_node *section)
{
	size_t end = toml_section_end(section), at = end;

	for (size_t text; text = toml_line_indent(doc, at).end, text < doc->len && doc->text[text] == '#';)
		at = next_line(doc, at);
	bool blank = toml_line_indent(doc, at).end == doc->len || toml_line_behind_blank(doc, at) > at;
	return blank ? at : end;
}
