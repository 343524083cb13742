/*
 * Properties of edits that hold for every document: tried on all valid files of
 * toml-test (argument: its folder), each with LF and CRLF, with and without a
 * last newline, with and without a BOM.
 */
#include "format/toml.h"

#include "tap.h"
#include "test_toml_json.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 * 1024 * 1024)
#define KEY(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *why; /* of the first failure of a file */
static char where[200];

static bool fail(const char *text)
{
	if (!why)
		why = text;
	return false;
}

static struct toml *parse(const struct buf *text)
{
	struct toml_error error;
	struct toml *doc = toml_parse(text->data, text->len, &error);

	if (!doc)
		fail("it does not parse");
	return doc;
}

/* Renders to `out` and frees the document. */
static bool render(struct toml *doc, struct buf *out)
{
	struct toml_error error;
	int result = toml_render(doc, out, &error);

	toml_free(doc);
	return result == 0 || fail("it does not render");
}

static bool same_bytes(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* ---- (a) without an edit ---- */

static bool unedited(const struct buf *text)
{
	struct buf out;
	struct toml *doc = parse(text);

	buf_init(&out, TEXT_MAX);
	bool good = doc && !toml_edited(doc) && render(doc, &out) && same_bytes(text, &out);
	buf_release(&out);
	return good || fail("without an edit the bytes are others");
}

/* ---- (b) what a login inserts, and a logout takes away ---- */

struct insertion {
	const char *const *path; /* of the value */
	size_t owned; /* so many keys of it are what is taken away; 0: down to the first that is missing */
	const char *json;
};

/* True if a value was noted: nothing was there before and nothing is in the way. */
static bool insert(struct toml *doc, const struct insertion *i, const char **owned)
{
	struct toml_error error;
	size_t count = 0;

	do {
		owned[count] = i->path[count];
		owned[++count] = NULL;
	} while (i->path[count] && (i->owned ? count < i->owned : toml_get(doc, owned) != NULL));
	if (toml_get(doc, owned))
		return false;
	json_t *value = json_loads(i->json, JSON_DECODE_ANY, NULL);
	int result = toml_set(doc, i->path, value, &error);
	json_decref(value);
	return result == 0;
}

static bool inserted_and_removed(const struct buf *text)
{
	const struct insertion all[] = {
	    {KEY("default_model"), 1, "\"kimi-code/k2\""},
	    {KEY("default_thinking"), 1, "true"},
	    {KEY("providers", "managed:kimi-code", "type"), 2, "\"kimi\""},
	    {KEY("providers", "managed:kimi-code", "base_url"), 2, "\"https://api.kimi.com/coding/v1\""},
	    {KEY("providers", "managed:kimi-code", "api_key"), 2, "\"\""},
	    {KEY("providers", "managed:kimi-code", "oauth"), 2, "{\"storage\": \"file\", \"key\": \"x\"}"},
	    {KEY("models", "kimi-code/k2", "model"), 2, "\"k2\""},
	    {KEY("models", "kimi-code/k2", "max_context_size"), 2, "262144"},
	    {KEY("models", "kimi-code/k3", "capabilities"), 2, "[\"thinking\", \"image_in\"]"},
	    {KEY("services", "moonshot_search", "oauth"), 2, "{}"},
	    {KEY("services", "moonshot_fetch", "base_url"), 2, "\"\""},
	    /* What the suite's files are made of, so that something is joined, not added. (A key of a table that
	     * had no header brings one that stays; so these are tables, or stand where there is one.) */
	    {KEY("owner", "kimi"), 0, "1"},
	    {KEY("plain_table", "kimi"), 0, "1"},
	    {KEY("animal", "kimi"), 0, "1"},
	    {KEY("numtheory", "kimi"), 0, "1"},
	    {KEY("fruit", "kimi", "x"), 0, "1"},
	    {KEY("a", "kimi", "x"), 0, "[]"},
	    {KEY("a", "b", "kimi", "x"), 0, "{\"x\": 1}"},
	    {KEY("a", "b", "new", "kimi"), 0, "1"},
	    {KEY("table", "kimi", "x"), 0, "1"},
	    {KEY("name", "kimi", "x"), 0, "1"},
	    {KEY("dog", "kimi", "x"), 0, "1"},
	    {KEY("x", "y", "kimi", "w"), 0, "1"},
	    {KEY("", "kimi"), 0, "1"},
	};
	enum { COUNT = sizeof(all) / sizeof(*all) };
	const char *owned[COUNT][6];
	struct toml_error error;
	struct toml *doc = parse(text);
	struct buf with, without;
	size_t count = 0;

	buf_init(&with, TEXT_MAX);
	buf_init(&without, TEXT_MAX);
	for (size_t i = 0; doc && i < COUNT; i++)
		count += insert(doc, &all[i], owned[count]);
	bool good = doc && render(doc, &with);
	doc = good ? parse(&with) : NULL;
	for (size_t i = 0; doc && i < count; i++)
		good = toml_remove(doc, owned[i], &error) == 0 && good;
	good = good && doc && render(doc, &without) && same_bytes(text, &without);
	buf_release(&with);
	buf_release(&without);
	return good || fail("what was inserted and removed leaves other bytes");
}

/* ---- (c) every key removed, every value replaced ---- */

struct walk {
	const struct buf *text;
	const struct toml *before;
	const char *path[32];
	size_t depth;
};

static bool one_edit(const struct walk *w, const json_t *value)
{
	struct toml_error error;
	struct buf out;
	struct toml *doc = parse(w->text), *after = NULL;
	int result = value ? toml_set(doc, w->path, value, &error) : toml_remove(doc, w->path, &error);

	buf_init(&out, TEXT_MAX);
	bool good = render(doc, &out) && result == 0;
	if (good)
		after = parse(&out);
	good = after && same_but(w->before, after, w->path);
	const struct toml_node *node = after ? toml_get(after, w->path) : NULL;
	if (value)
		good = good && node && toml_kind(node) == TOML_STRING;
	else
		good = good && !node;
	toml_free(after);
	buf_release(&out);
	return good || fail(value ? "a value cannot be replaced alone" : "a key cannot be removed alone");
}

static bool each_key(struct walk *w, const struct toml_node *table)
{
	json_t *value = json_string("another value");
	bool good = true;

	for (const struct toml_node *node = toml_first(table); good && node; node = toml_next(node)) {
		size_t len;
		const char *key = toml_key(node, &len);
		if (strlen(key) != len || w->depth + 1 >= sizeof(w->path) / sizeof(*w->path))
			continue; /* no C string */
		w->path[w->depth++] = key;
		w->path[w->depth] = NULL;
		good = one_edit(w, NULL);
		if (toml_kind(node) == TOML_TABLE)
			good = good && each_key(w, node);
		else if (toml_kind(node) != TOML_ARRAY)
			good = good && one_edit(w, value);
		w->path[--w->depth] = NULL;
	}
	json_decref(value);
	return good;
}

static bool keys_alone(const struct buf *text)
{
	struct walk w = {.text = text, .before = parse(text)};
	bool good = w.before && each_key(&w, toml_root(w.before));

	toml_free((struct toml *)(uintptr_t)w.before);
	return good;
}

/* ---- the files ---- */

static void variant(const char *source, size_t len, bool crlf, bool newline, bool bom, struct buf *out)
{
	if (len >= 3 && !memcmp(source, "\xEF\xBB\xBF", 3)) {
		source += 3;
		len -= 3;
	}
	if (bom)
		buf_addstr(out, "\xEF\xBB\xBF");
	for (size_t i = 0; i < len; i++) {
		if (source[i] == '\r')
			continue;
		if (source[i] == '\n' && i + 1 == len && !newline)
			break;
		if (source[i] == '\n' && crlf)
			buf_addch(out, '\r');
		buf_addch(out, source[i]);
	}
	if (newline && len && source[len - 1] != '\n')
		buf_addstr(out, crlf ? "\r\n" : "\n");
}

static void try_file(const char *name, const struct buf *source)
{
	why = NULL;
	for (unsigned form = 0; form < 8 && !why; form++) {
		struct buf text;
		buf_init(&text, TEXT_MAX);
		variant(source->data, source->len, form & 1, form & 2, form & 4, &text);
		snprintf(where, sizeof(where), "%s, %s, %s", form & 1 ? "CRLF" : "LF",
		    form & 2 ? "last newline" : "no last newline", form & 4 ? "BOM" : "no BOM");
		if (unedited(&text) && inserted_and_removed(&text))
			keys_alone(&text);
		buf_release(&text);
	}
	ok(!why, "edits of %s change what they ought to and nothing else", name);
	if (why)
		printf("# %s (%s)\n", why, where);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *place)
{
	size_t len = strlen(path), n;
	struct buf source;
	char block[4096];

	(void)status;
	(void)place;
	if (type != FTW_F || len < 5 || strcmp(path + len - 5, ".toml"))
		return 0;
	FILE *f = fopen(path, "rb");
	if (!ok(f != NULL, "%s can be read", path))
		return 0;
	buf_init(&source, TEXT_MAX);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(&source, block, n);
	fclose(f);
	try_file(strstr(path, "valid/"), &source);
	buf_release(&source);
	return 0;
}

int main(int argc, char *argv[])
{
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/valid", argc > 1 ? argv[1] : "tests/toml-test/tests");
	nftw(folder, visit, 16, FTW_PHYS);
	return tap_done();
}
