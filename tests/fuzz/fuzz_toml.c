/*
 * The TOML room under libFuzzer. The first bytes of the input choose edits, the
 * rest is the document. Whatever it is:
 *  - parsing it is safe; without an edit it keeps its bytes;
 *  - an edit that is accepted can be rendered, and only what it names differs;
 *  - what was inserted and removed leaves the bytes from before.
 */
#include "format/toml_internal.h"

#include "../unit/test_toml_json.h"

#include <stdlib.h>

#define DICE 8 /* bytes that choose */

struct dice {
	const uint8_t *at, *end;
};

static unsigned roll(struct dice *d, unsigned sides)
{
	return d->at < d->end ? *d->at++ % sides : 0;
}

static void need(bool cond)
{
	if (!cond)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A way into the document, that ends at a table or at some member. */
static const struct toml_node *choose(
    const struct toml *doc, struct dice *d, const char *path[], size_t *depth)
{
	const struct toml_node *node = toml_root(doc);
	unsigned steps = roll(d, 5);

	for (*depth = 0; *depth < steps && toml_kind(node) == TOML_TABLE && toml_first(node); ++*depth) {
		const struct toml_node *child = toml_first(node);
		for (unsigned skip = roll(d, 4); skip && toml_next(child); skip--)
			child = toml_next(child);
		size_t len;
		path[*depth] = toml_key(child, &len);
		if (strlen(path[*depth]) != len)
			break;
		node = child;
	}
	path[*depth] = NULL;
	return node;
}

static json_t *some_value(struct dice *d)
{
	static const char *const values[] = {"1", "true", "\"a\\\"\\u0001\xC3\xA9\"", "1.5", "[]",
	    "[1, \"x\", {}]", "{}", "{\"a\": 1, \"b\": {\"c d\": []}}"};

	return json_loads(values[roll(d, sizeof(values) / sizeof(*values))], JSON_DECODE_ANY, NULL);
}

static void render(struct toml *doc, struct buf *out)
{
	struct toml_error error;

	buf_init(out, SIZE_MAX / 4);
	need(toml_render(doc, out, &error) == 0);
}

static struct toml *parse(const char *text, size_t len)
{
	struct toml_error error;
	struct toml *doc = toml_parse(text, len, &error);

	need(doc != NULL);
	return doc;
}

static void try_unedited(struct toml *doc, const char *text, size_t len)
{
	struct buf out;

	render(doc, &out);
	need(!toml_edited(doc) && out.len == len && !memcmp(out.data, text, len));
	buf_release(&out);
}

/* Sets or removes what a way leads to, or something below it. */
static int edit(struct toml *doc, struct dice *d, const char *path[])
{
	struct toml_error error;
	size_t depth;
	json_t *value = some_value(d);
	unsigned what = roll(d, 4);

	choose(doc, d, path, &depth);
	for (unsigned more = roll(d, 3); more; more--)
		path[depth++] = more > 1 ? "new" : "a";
	path[depth] = NULL;
	int result = what ? toml_set(doc, path, value, &error) : toml_remove(doc, path, &error);
	json_decref(value);
	return result;
}

static void try_one_edit(const char *text, size_t len, struct dice d)
{
	const char *path[16];
	struct buf out;
	struct toml *before = parse(text, len), *doc = parse(text, len);

	if (edit(doc, &d, path) == 0) {
		render(doc, &out);
		struct toml *after = parse(out.data, out.len);
		need(same_but(before, after, path));
		toml_free(after);
		buf_release(&out);
	}
	toml_free(doc);
	toml_free(before);
}

static void try_edits(const char *text, size_t len, struct dice d)
{
	const char *path[16];
	struct buf out;
	struct toml *doc = parse(text, len);

	for (unsigned i = 0; i < 4; i++)
		edit(doc, &d, path);
	render(doc, &out);
	toml_free(doc);
	buf_release(&out);
}

/* Inserts below a table and takes it away from the result again. */
static void try_insertion(const char *text, size_t len, struct dice d)
{
	struct toml_error error;
	const char *path[16];
	size_t depth;
	struct buf with, without;
	struct toml *doc = parse(text, len);
	bool as_table = roll(&d, 2), at_root = roll(&d, 2);
	json_t *value = some_value(&d);
	const struct toml_node *table = choose(doc, &d, path, &depth);

	path[depth] = "kimi/k2";
	path[depth + 1] = as_table ? "x" : NULL;
	path[depth + 2] = NULL;
	/* A key of a table that had no header brings one, which stays. */
	bool fits = table->kind == TOML_TABLE && (as_table || table->form != FORM_IMPLICIT);
	if (fits && !toml_member(table, path[depth]) && toml_set(doc, path, value, &error) == 0) {
		if (at_root)
			toml_set(doc, (const char *[]){"kimi_default", NULL}, value, &error);
		render(doc, &with);
		struct toml *after = parse(with.data, with.len);
		path[depth + 1] = NULL;
		need(toml_remove(after, path, &error) == 0);
		if (at_root && !toml_member(toml_root(doc), "kimi_default"))
			need(toml_remove(after, (const char *[]){"kimi_default", NULL}, &error) == 0);
		render(after, &without);
		if (!at_root || !toml_member(toml_root(doc), "kimi_default"))
			need(without.len == len && !memcmp(without.data, text, len));
		toml_free(after);
		buf_release(&with);
		buf_release(&without);
	}
	json_decref(value);
	toml_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct toml_error error = {.message = ""};

	if (size < DICE)
		return 0;
	struct dice d = {data, data + DICE};
	const char *text = (const char *)data + DICE;
	size_t len = size - DICE;
	struct toml *doc = toml_parse(text, len, &error);
	if (!doc) {
		need(error.line && error.column && error.message[0]);
		for (const char *c = error.message; *c; c++)
			need(*c >= ' ' && *c <= '~');
		return 0;
	}
	try_unedited(doc, text, len);
	toml_free(doc);
	try_one_edit(text, len, d);
	try_edits(text, len, d);
	try_insertion(text, len, d);
	return 0;
}
