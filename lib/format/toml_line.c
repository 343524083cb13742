#include "format/toml_internal.h"

#include <string.h>
#include <strings.h>

struct toml_span toml_line_indent(const struct toml *doc, size_t line)
{
	size_t end = line;

	while (end < doc->len && (doc->text[end] == ' ' || doc->text[end] == '\t'))
		end++;
	return (struct toml_span){line, end};
}

static size_t line_end(const struct toml *doc, size_t at)
{
	const char *newline = at < doc->len ? memchr(doc->text + at, '\n', doc->len - at) : NULL;

	if (newline)
		return (size_t)(newline - doc->text) + 1;
	return doc->len;
}

/* The offset after the blank line that begins at `line`; `line` if there is none. */
size_t toml_line_behind_blank(const struct toml *doc, size_t line)
{
	size_t at = toml_line_indent(doc, line).end;

	if (at < doc->len && doc->text[at] == '\r')
		at++;
	if (at < doc->len && doc->text[at] == '\n')
		return at + 1;
	return line;
}

/* The start of the blank line that ends at `line`; `line` if there is none. */
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
	if (at == doc->body || doc->text[at - 1] == '\n')
		return at;
	return line;
}

static bool is_comment(const struct toml *doc, size_t line)
{
	size_t text = toml_line_indent(doc, line).end;

	return text < doc->len && doc->text[text] == '#';
}

static bool is_blank(const struct toml *doc, size_t line)
{
	return toml_line_indent(doc, line).end == doc->len || toml_line_behind_blank(doc, line) > line;
}

size_t toml_section_end(const struct toml_node *section)
{
	const struct toml_entry *last = section->table->entry_last;

	if (last)
		return last->line_end;
	return section->table->line_end;
}

/* The comment lines directly after a section belong to it, unless a header follows directly. */
size_t toml_section_end_with_comment(const struct toml *doc, const struct toml_node *section)
{
	size_t end = toml_section_end(section), at = end;

	while (is_comment(doc, at))
		at = line_end(doc, at);
	if (is_blank(doc, at))
		return at;
	return end;
}

/* ---- marked blocks ---- */

static bool is_decoration(char c)
{
	return c && strchr("# \t\r\n-=*~:", c);
}

static bool is_arrow(char c)
{
	return c == '<' || c == '>';
}

/* The comment without the characters around its text. */
static struct toml_span first_word(const struct toml *doc, size_t line, size_t end)
{
	const char *text = doc->text;

	while (line < end && is_decoration(text[line]))
		line++;
	size_t at = line;
	while (at < end && !is_decoration(text[at]) && is_arrow(text[at]) == is_arrow(text[line]))
		at++;
	return (struct toml_span){line, at};
}

static bool line_is_one_of(const struct toml *doc, struct toml_span word, const char *const words[])
{
	size_t len = word.end - word.begin;

	for (; *words; words++) {
		if (strlen(*words) == len && strncasecmp(*words, doc->text + word.begin, len) == 0)
			return true;
	}
	return false;
}

/* The rest after the first word. */
static struct toml_span label_of(const struct toml *doc, size_t begin, size_t end)
{
	const char *text = doc->text;

	while (begin < end && (is_decoration(text[begin]) || is_arrow(text[begin])))
		begin++;
	while (begin < end && (is_decoration(text[end - 1]) || is_arrow(text[end - 1])))
		end--;
	return (struct toml_span){begin, end};
}

static void add_block(struct toml *doc, size_t begin, size_t end)
{
	struct toml_block *block = toml_alloc(doc, sizeof(*block));

	while (doc->last_block && doc->last_block->begin > begin)
		doc->last_block = doc->last_block->prev; /* it is inside the new one */
	*block = (struct toml_block){.prev = doc->last_block, .begin = begin, .end = end};
	doc->last_block = block;
}

static void open_mark(struct toml_marks *open, size_t line, struct toml_span label)
{
	const size_t most = sizeof(open->marks) / sizeof(*open->marks);

	if (open->count == most) {
		memmove(open->marks, open->marks + 1, (most - 1) * sizeof(*open->marks));
		open->count--;
	}
	open->marks[open->count].line = line;
	open->marks[open->count].label_begin = label.begin;
	open->marks[open->count++].label_end = label.end;
}

/* The labels need not be equal: "END x" and "END" close "BEGIN x (do not edit)", too. */
static void close_mark(struct toml *doc, struct toml_marks *open, struct toml_span label, size_t end)
{
	for (size_t i = open->count; i > 0; i--) {
		size_t begin = open->marks[i - 1].label_begin, len = open->marks[i - 1].label_end - begin;
		if (len > label.end - label.begin)
			len = label.end - label.begin;
		if (memcmp(doc->text + begin, doc->text + label.begin, len) != 0)
			continue;
		open->count = i - 1;
		add_block(doc, open->marks[i - 1].line, end);
		return;
	}
}

void toml_line_mark(struct toml *doc, struct toml_marks *open, size_t line, size_t end)
{
	static const char *const opening[] = {">>>", "BEGIN", "START", "REGION", NULL};
	static const char *const closing[] = {"<<<", "END", "STOP", "ENDREGION", NULL};

	if (!is_comment(doc, line))
		return;
	struct toml_span word = first_word(doc, line, end), label = label_of(doc, word.end, end);
	if (line_is_one_of(doc, word, opening))
		open_mark(open, line, label);
	else if (line_is_one_of(doc, word, closing))
		close_mark(doc, open, label, end);
}

const struct toml_block *toml_block_around(const struct toml *doc, size_t at)
{
	const struct toml_block *block = doc->last_block;

	while (block && block->begin >= at)
		block = block->prev;
	if (block && at < block->end)
		return block;
	return NULL;
}

/* ---- the top of the file ---- */

/*
 * A comment that programs read at the top of a file: "#:schema", "-*- mode: toml -*-",
 * "vim: ft=toml".
 */
static bool is_for_tools(const struct toml *doc, size_t line)
{
	static const char *const signs[] = {"#:", "-*-", "vim:", " vi:", " ex:"};
	size_t len = line_end(doc, line) - line;

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (memmem(doc->text + line, len, signs[i], strlen(signs[i])))
			return true;
	}
	return false;
}

struct toml_top toml_top_of(const struct toml *doc)
{
	const struct toml_block *block = doc->last_block;
	size_t begin = doc->body, at;

	while (block && block->prev)
		block = block->prev;
	while ((at = toml_line_behind_blank(doc, begin)) > begin)
		begin = at;
	size_t for_tools = begin;
	while (is_comment(doc, at) && !(block && block->begin == at)) {
		if (for_tools == at && is_for_tools(doc, at))
			for_tools = line_end(doc, at);
		at = line_end(doc, at);
	}
	if (at > begin && is_blank(doc, at))
		return (struct toml_top){at, true};
	return (struct toml_top){for_tools > begin ? for_tools : doc->body, false};
}
