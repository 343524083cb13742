/*
 * The cases of toml-test (argument: its directory): each invalid file is refused, and each valid one has the
 * values of its JSON file. Then properties of edits that hold for every document, tried on all valid files,
 * each with LF and CRLF, with and without a final newline, with and without a BOM.
 */
#include "format/toml.h"

#include "tap.h"
#include "test_toml_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 * 1024 * 1024)
#define KEY(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *reason; /* of the first failure of a file */
static char where[200];

static bool fail(const char *text)
{
	if (!reason)
		reason = text;
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

/* ---- (b) what a login inserts, and a logout removes ---- */

struct insertion {
	const char *const *path; /* of the value */
	size_t owned; /* the number of its keys to remove; 0: all down to the first that is missing */
	const char *json;
};

/* True if it recorded a value: nothing was there before, and nothing is in the way. */
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
	    /*
	     * Names from the suite's files, so that keys are added to existing tables. (A key in a table
	     * without a header adds a header, which stays; so these are tables, or are in one with a header.)
	     */
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
			continue; /* not a C string */
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
	reason = NULL;
	for (unsigned form = 0; form < 8 && !reason; form++) {
		struct buf text;
		buf_init(&text, TEXT_MAX);
		variant(source->data, source->len, form & 1, form & 2, form & 4, &text);
		snprintf(where, sizeof(where), "%s, %s, %s", form & 1 ? "CRLF" : "LF",
		    form & 2 ? "last newline" : "no last newline", form & 4 ? "BOM" : "no BOM");
		if (unedited(&text) && inserted_and_removed(&text))
			keys_alone(&text);
		buf_release(&text);
	}
	ok(!reason, "edits of %s change what they ought to and nothing else", name);
	if (reason)
		printf("# %s (%s)\n", reason, where);
}

/* ---- the cases ---- */

/* A fraction of a second without trailing zeros. */
static void trim_fraction(const char *time, char ret[64])
{
	const char *dot = strchr(time, '.');
	size_t digits = dot ? strspn(dot + 1, "0123456789") : 0, kept = digits;

	while (kept && dot[kept] == '0')
		kept--;
	int head = dot ? (int)(dot - time + (kept ? 1 : 0) + (long)kept) : (int)strlen(time);
	snprintf(ret, 64, "%.*s%s", head, time, dot ? dot + 1 + digits : "");
}

static bool same_float(double got, double want)
{
	if (isnan(want))
		return isnan(got);
	return !(got < want) && !(got > want) && !isnan(got) && signbit(got) == signbit(want);
}

static bool same_time(const char *got, const char *want)
{
	char left[64], right[64];

	trim_fraction(got, left);
	trim_fraction(want, right);
	return strcmp(left, right) == 0;
}

/* The suite's name for a kind of scalar. */
static const char *type_of(enum toml_kind kind)
{
	switch (kind) {
	case TOML_STRING:
		return "string";
	case TOML_INTEGER:
		return "integer";
	case TOML_FLOAT:
		return "float";
	case TOML_BOOLEAN:
		return "bool";
	case TOML_OFFSET_DATETIME:
		return "datetime";
	case TOML_LOCAL_DATETIME:
		return "datetime-local";
	case TOML_LOCAL_DATE:
		return "date-local";
	case TOML_LOCAL_TIME:
		return "time-local";
	default:
		return "";
	}
}

static bool same_scalar(const struct toml_node *node, const json_t *type, const json_t *value)
{
	const char *want = json_string_value(value), *text;
	size_t len;

	if (strcmp(type_of(toml_kind(node)), json_string_value(type)) != 0)
		return false;
	switch (toml_kind(node)) {
	case TOML_STRING:
		text = toml_string(node, &len);
		return len == json_string_length(value) && !memcmp(text, want, len);
	case TOML_INTEGER:
		return toml_integer(node) == strtoll(want, NULL, 10);
	case TOML_FLOAT:
		return same_float(toml_float(node), strtod(want, NULL));
	case TOML_BOOLEAN:
		return strcmp(toml_boolean(node) ? "true" : "false", want) == 0;
	default:
		return same_time(toml_datetime(node), want);
	}
}

/* `want`: the suite's tagged JSON, {"type": T, "value": V} for each scalar. */
static bool holds(const struct toml_node *node, const json_t *want)
{
	const json_t *type = json_object_get(want, "type"), *value = json_object_get(want, "value");
	bool table = toml_kind(node) == TOML_TABLE;
	size_t count = 0, len;

	if (json_is_string(type) && json_is_string(value))
		return json_object_size(want) == 2 && same_scalar(node, type, value);
	if (table ? !json_is_object(want) : toml_kind(node) != TOML_ARRAY || !json_is_array(want))
		return false;
	for (const struct toml_node *child = toml_first(node); child; child = toml_next(child), count++) {
		const char *key = table ? toml_key(child, &len) : NULL;
		const json_t *one = table ? json_object_getn(want, key, len) : json_array_get(want, count);
		if (!one || !holds(child, one))
			return false;
	}
	return count == (table ? json_object_size(want) : json_array_size(want));
}

static void test_valid(const char *name, const char *path, const struct buf *source)
{
	struct toml_error error = {0};
	struct toml *doc = toml_parse(source->data, source->len, &error);
	json_error_t json_error;
	json_t *want = json_load_file(path, JSON_ALLOW_NUL, &json_error);

	ok(doc && want && holds(toml_root(doc), want), "%s holds what it should", name);
	if (!doc || !want)
		printf("# %s\n", doc ? json_error.text : error.message);
	json_decref(want);
	toml_free(doc);
}

/* It was refused, with a position and one line of plain text. */
static void test_invalid(const char *name, const struct buf *source)
{
	struct toml_error error = {0};
	struct toml *doc = toml_parse(source->data, source->len, &error);
	bool plain = *error.message != '\0';

	for (const char *c = error.message; *c; c++)
		plain = plain && *c >= ' ' && *c <= '~';
	ok(!doc && error.line && error.column && plain, "%s is refused", name);
	toml_free(doc);
}

static bool read_file(const char *path, struct buf *ret_text)
{
	char block[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return false;
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(ret_text, block, n);
	fclose(f);
	return true;
}

static void test_case(const char *directory, const char *name)
{
	char path[4096];
	size_t len = strlen(name);
	struct buf source;

	if (len < 5 || strcmp(name + len - 5, ".toml") != 0)
		return;
	buf_init(&source, TEXT_MAX);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (!ok(read_file(path, &source), "%s can be read", name)) {
		/* counted */
	} else if (strncmp(name, "valid/", 6) == 0) {
		snprintf(path, sizeof(path), "%s/%.*s.json", directory, (int)len - 5, name);
		test_valid(name, path, &source);
		try_file(name, &source);
	} else {
		test_invalid(name, &source);
	}
	buf_release(&source);
}

int main(int argc, char *argv[])
{
	const char *directory = argc > 1 ? argv[1] : "tests/toml-test/tests";
	char path[4096], name[1024];

	snprintf(path, sizeof(path), "%s/files-toml-1.0.0", directory);
	FILE *list = fopen(path, "r");
	if (ok(list != NULL, "the cases are listed")) {
		while (fgets(name, sizeof(name), list)) {
			name[strcspn(name, "\n")] = '\0';
			test_case(directory, name);
		}
		fclose(list);
	}
	return tap_done();
}
