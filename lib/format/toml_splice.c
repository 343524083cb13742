#include "format/toml_internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Line ends are those of the file's first line. */
static const char *eol_of(const struct toml *doc)
{
	const char *newline = memchr(doc->text, '\n', doc->len);

	return newline && newline > doc->text && newline[-1] == '\r' ? "\r\n" : "\n";
}

void toml_splices_init(struct splices *s, const struct toml *doc)
{
	*s = (struct splices){.doc = doc, .eol = eol_of(doc)};
	buf_init(&s->text, SIZE_MAX / 4);
}

void toml_splices_release(struct splices *s)
{
	buf_release(&s->text);
	free(s->list);
}

static bool splice_grow(struct splices *s)
{
	size_t cap = s->cap ? s->cap * 2 : 64;

	if (s->count < s->cap)
		return true;
	if (cap > SIZE_MAX / 2 / sizeof(*s->list))
		return false;
	s->list = memory_resize(s->list, cap * sizeof(*s->list));
	s->cap = cap;
	return true;
}

void toml_splice(struct splices *s, enum splice_kind kind, size_t begin, size_t end, size_t text)
{
	if (s->failed || s->text.failed || !splice_grow(s)) {
		s->failed = true;
		return;
	}
	s->list[s->count] = (struct splice){
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
	const struct splice *a = left, *b = right;

	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* ---- the one pass ---- */

struct copy {
	const struct splices *s;
	struct buf *out;
	size_t begin; /* of the output, behind the BOM */
	size_t at;    /* what of the source is done */
	bool gap;     /* a blank line is due before whatever comes next */
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

static void put_splice(struct copy *c, const struct splice *splice)
{
	bool skip = true;

	if (splice->kind == SPLICE_LINES || splice->kind == SPLICE_BLOCK) {
		if (line_is_open(c))
			buf_addstr(c->out, c->s->eol); /* the last line of a file, without an end so far */
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

/* The file ends with a newline exactly if it did before; an empty one gets it. */
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

void toml_splices_apply(struct splices *s, struct buf *out)
{
	struct copy c = {.s = s, .out = out, .at = s->doc->body, .begin = out->len + s->doc->body};
	const char *source = s->doc->text;

	if (s->failed || s->text.failed) {
		out->failed = true;
		return;
	}
	if (s->count)
		qsort(s->list, s->count, sizeof(*s->list), splice_compare);
	buf_add(out, source, s->doc->body);
	for (size_t i = 0; i < s->count && !out->failed; i++) {
		const struct splice *splice = &s->list[i];
		if (splice->begin > c.at) {
			splice_put(&c, source + c.at, splice->begin - c.at);
			c.at = splice->begin;
		}
		put_splice(&c, splice);
	}
	splice_put(&c, source + c.at, s->doc->len - c.at);
	if (!out->failed)
		end_as_before(&c);
}
