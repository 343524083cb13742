#include "format/toml_internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* The line end of the file's first line. */
static const char *eol_of(const struct toml *doc)
{
	const char *newline = memchr(doc->text, '\n', doc->len);

	if (newline && newline > doc->text && newline[-1] == '\r')
		return "\r\n";
	return "\n";
}

void toml_splices_init(struct toml_splices *s, const struct toml *doc)
{
	*s = (struct toml_splices){.doc = doc, .eol = eol_of(doc)};
	buf_init(&s->text, SIZE_MAX / 4);
}

void toml_splices_release(struct toml_splices *s)
{
	buf_release(&s->text);
	free(s->list);
}

void toml_splice(struct toml_splices *s, enum toml_splice_kind kind, size_t begin, size_t end, size_t text)
{
	if (s->count == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->list = memory_resize(s->list, s->cap * sizeof(*s->list));
	}
	s->list[s->count] = (struct toml_splice){
	    .begin = begin,
	    .end = end,
	    .text = text,
	    .text_len = s->text.len - text,
	    .order = s->count,
	    .kind = kind,
	};
	s->count++;
}

static int splice_compare(const void *left, const void *right)
{
	const struct toml_splice *a = left, *b = right;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->order < b->order)
		return -1;
	return a->order > b->order;
}

/* ---- copying ---- */

struct copy {
	const struct toml_splices *s;
	struct buf *out;
	size_t begin; /* of the output, after the BOM */
	size_t at;    /* the offset in the source */
	bool gap;     /* put a blank line before the next insertion */
};

static void splice_put(struct copy *c, const char *bytes, size_t len)
{
	if (len && c->gap)
		buf_addstr(c->out, c->s->eol);
	if (len)
		c->gap = false;
	buf_add(c->out, bytes, len);
}

static bool nothing_yet(const struct copy *c)
{
	return c->out->len == c->begin;
}

static bool line_is_open(const struct copy *c)
{
	return !nothing_yet(c) && c->out->data[c->out->len - 1] != '\n';
}

static void put_splice(struct copy *c, const struct toml_splice *splice)
{
	bool skip = true;

	if (splice->kind == SPLICE_LINES || splice->kind == SPLICE_BLOCK) {
		if (line_is_open(c))
			buf_addstr(c->out, c->s->eol); /* the last line had no line end */
	}
	if (splice->kind == SPLICE_BLOCK) {
		c->gap = !nothing_yet(c);
	}
	if (splice->kind == SPLICE_GAP)
		skip = nothing_yet(c) || c->gap;
	else
		splice_put(c, c->s->text.data + splice->text, splice->text_len);
	if (splice->kind == SPLICE_TOP)
		c->gap = c->s->doc->len > c->s->doc->body;
	if (skip && splice->end > c->at)
		c->at = splice->end;
}

/* The result ends with a newline if the source does, or if that is empty. */
static void end_as_before(struct copy *c)
{
	const struct toml *doc = c->s->doc;
	bool newline = doc->len == doc->body || doc->text[doc->len - 1] == '\n';

	if (newline && line_is_open(c))
		buf_addstr(c->out, c->s->eol);
	while (!newline && !nothing_yet(c) && !line_is_open(c)) {
		size_t len = c->out->len - 1;
		if (len > c->begin && c->out->data[len - 1] == '\r')
			len--;
		buf_truncate(c->out, len);
	}
}

void toml_splices_apply(struct toml_splices *s, struct buf *out)
{
	struct copy c = {.s = s, .out = out, .at = s->doc->body, .begin = out->len + s->doc->body};
	const char *source = s->doc->text;

	if (s->count)
		qsort(s->list, s->count, sizeof(*s->list), splice_compare);
	buf_add(out, source, s->doc->body);
	for (size_t i = 0; i < s->count; i++) {
		const struct toml_splice *splice = &s->list[i];
		if (splice->begin > c.at) {
			splice_put(&c, source + c.at, splice->begin - c.at);
			c.at = splice->begin;
		}
		put_splice(&c, splice);
	}
	splice_put(&c, source + c.at, s->doc->len - c.at);
	end_as_before(&c);
}
