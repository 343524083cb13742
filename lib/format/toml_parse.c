#include "format/toml_internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct toml *doc;
	struct scan scan;
	struct toml_node *section; /* the table of the last [header] */
	size_t line;               /* where the statement's line begins */
	struct toml_part parts[TOML_DEPTH_MAX];
	size_t part_count; /* of the key read last */
	struct toml_marks marks;
	const char *why; /* the first thing wrong, and where */
	size_t bad;
};

/* ---- errors ---- */

static bool parse_fail(struct parser *p, size_t offset, const char *why)
{
	p->bad = offset;
	p->why = why;
	return false;
}

static bool parse_fail_memory(struct parser *p)
{
	return parse_fail(p, p->scan.at, toml_no_memory);
}

/* For a token that is not what the grammar wants; the scanner knows best if it could not read it. */
static bool fail_token(struct parser *p, struct token token, const char *why)
{
	return parse_fail(p, token.begin, token.kind == TOKEN_BAD ? p->scan.why : why);
}

/* ---- keys ---- */

static bool parse_key(struct parser *p, struct token token, const char *wanted)
{
	for (p->part_count = 0;; token = toml_scan(&p->scan, SCAN_KEY)) {
		struct toml_part *part = &p->parts[p->part_count];
		size_t at;

		if (token.kind != TOKEN_BARE && token.kind != TOKEN_BASIC && token.kind != TOKEN_LITERAL)
			return fail_token(p, token, wanted);
		const char *why = toml_string_key(p->doc, token, &part->key, &part->len, &at);
		if (why)
			return parse_fail(p, at, why);
		part->begin = token.begin;
		p->part_count++;
		struct scan ahead = p->scan;
		if (toml_scan(&ahead, SCAN_KEY).kind != TOKEN_DOT)
			return true;
		if (p->part_count == TOML_DEPTH_MAX)
			return parse_fail(p, ahead.at, "nested too deeply");
		p->scan = ahead;
		wanted = "a key must follow the dot";
	}
}

/* The node for the key that was just read, in `scope`. */
static struct toml_node *define_member(struct parser *p, struct toml_node *scope)
{
	struct toml_node *node = scope;

	for (size_t i = 0; node && i < p->part_count; i++) {
		const struct toml_part *part = &p->parts[i];
		bool last = i + 1 == p->part_count;
		p->bad = part->begin;
		node = last ? toml_define_value(p->doc, node, part, &p->why)
		            : toml_define_dotted(p->doc, node, part, scope, &p->why);
	}
	return node;
}

static bool add_entry(struct parser *p, struct toml_node *node, struct toml_node *scope, size_t begin)
{
	struct toml_entry *entry = toml_alloc(p->doc, sizeof(*entry));

	if (!entry)
		return parse_fail_memory(p);
	*entry = (struct toml_entry){
	    .node = node, .scope = scope, .prev = scope->table->entry_last, .begin = begin};
	if (entry->prev)
		entry->prev->next = entry;
	else
		scope->table->entry_first = entry;
	for (struct toml_node *table = node->parent; table != scope; table = table->parent)
		table->table->entry_last = entry;
	scope->table->entry_last = entry;
	node->entry = entry;
	return true;
}

/* ---- values ---- */

static bool parse_value(struct parser *p, struct token token, struct toml_node *node);

/* `key = value`, from the key's first token on. */
static struct toml_entry *parse_member(
    struct parser *p, struct token token, struct toml_node *scope, const char *wanted)
{
	size_t begin = token.begin;

	if (!parse_key(p, token, wanted))
		return NULL;
	struct token equals = toml_scan(&p->scan, SCAN_KEY);
	if (equals.kind != TOKEN_EQUALS) {
		fail_token(p, equals, "an equals sign must follow the key");
		return NULL;
	}
	struct toml_node *node = define_member(p, scope);
	if (!node || !add_entry(p, node, scope, begin) ||
	    !parse_value(p, toml_scan(&p->scan, SCAN_VALUE), node))
		return NULL;
	return node->entry;
}

static struct token scan_over_newlines(struct parser *p)
{
	struct token token;

	do
		token = toml_scan(&p->scan, SCAN_VALUE);
	while (token.kind == TOKEN_NEWLINE);
	return token;
}

static bool parse_array(struct parser *p, struct toml_node *array)
{
	array->kind = TOML_ARRAY;
	for (;;) {
		struct token token = scan_over_newlines(p);
		if (token.kind == TOKEN_CLOSE_BRACKET)
			return true;
		if (token.kind == TOKEN_END)
			return parse_fail(p, array->begin, "this array is not closed");
		p->bad = token.begin;
		struct toml_node *element = toml_define_element(p->doc, array, FORM_VALUE, &p->why);
		if (!element || !parse_value(p, token, element))
			return false;
		token = scan_over_newlines(p);
		if (token.kind == TOKEN_CLOSE_BRACKET)
			return true;
		if (token.kind == TOKEN_END)
			return parse_fail(p, array->begin, "this array is not closed");
		if (token.kind != TOKEN_COMMA)
			return fail_token(
			    p, token, "a comma or a closing bracket must follow the array's element");
	}
}

static const char *inline_wanted(struct token token, const char *wanted)
{
	return token.kind == TOKEN_NEWLINE || token.kind == TOKEN_END
	           ? "an inline table must be closed on its line, and holds no comment"
	           : wanted;
}

static bool parse_inline_table(struct parser *p, struct toml_node *table)
{
	table->kind = TOML_TABLE;
	table->table = toml_alloc(p->doc, sizeof(*table->table));
	if (!table->table)
		return parse_fail_memory(p);
	table->table->doc = p->doc;
	table->table->scope = table;
	struct token token = toml_scan(&p->scan, SCAN_KEY);
	if (token.kind == TOKEN_CLOSE_BRACE)
		return true;
	for (;;) {
		const char *wanted = token.kind == TOKEN_CLOSE_BRACE
		                         ? "no comma can stand before the closing brace"
		                         : inline_wanted(token, "a key must stand here");
		if (!parse_member(p, token, table, wanted))
			return false;
		token = toml_scan(&p->scan, SCAN_KEY);
		if (token.kind == TOKEN_CLOSE_BRACE)
			return true;
		if (token.kind != TOKEN_COMMA)
			return fail_token(p, token,
			    inline_wanted(token, "a comma or a closing brace must follow the value"));
		token = toml_scan(&p->scan, SCAN_KEY);
	}
}

static bool parse_value(struct parser *p, struct token token, struct toml_node *node)
{
	size_t at;
	bool ok;

	node->begin = token.begin;
	switch (token.kind) {
	case TOKEN_OPEN_BRACKET:
		ok = parse_array(p, node);
		node->end = p->scan.at;
		return ok;
	case TOKEN_OPEN_BRACE:
		ok = parse_inline_table(p, node);
		node->end = p->scan.at;
		return ok;
	case TOKEN_BARE:
	case TOKEN_BASIC:
	case TOKEN_LITERAL:
	case TOKEN_MULTI_BASIC:
	case TOKEN_MULTI_LITERAL:
		p->why = toml_value_read(p->doc, token, node, &at);
		return !p->why || parse_fail(p, at, p->why);
	default:
		return fail_token(p, token, "a value must stand here");
	}
}

/* ---- headers ---- */

static bool close_header(struct parser *p, bool doubled)
{
	struct token token = toml_scan(&p->scan, SCAN_KEY);

	if (token.kind != TOKEN_CLOSE_BRACKET)
		return fail_token(p, token, "a closing bracket must follow the table's name");
	if (!doubled)
		return true;
	size_t end = token.end;
	token = toml_scan(&p->scan, SCAN_KEY);
	if (token.kind != TOKEN_CLOSE_BRACKET || token.begin != end)
		return fail_token(p, token, "a second closing bracket must follow the first at once");
	return true;
}

/* The end of a statement, and of its line. */
static bool end_line(struct parser *p, const char *why)
{
	struct token token = toml_scan(&p->scan, SCAN_KEY);

	return token.kind == TOKEN_NEWLINE || token.kind == TOKEN_END || fail_token(p, token, why);
}

/* The table for the header that was just read. */
static struct toml_node *define_section(struct parser *p, bool doubled)
{
	struct toml_node *table = p->doc->root;

	for (size_t i = 0; table && i < p->part_count; i++) {
		const struct toml_part *part = &p->parts[i];
		p->bad = part->begin;
		if (i + 1 < p->part_count)
			table = toml_define_super(p->doc, table, part, &p->why);
		else if (doubled)
			table = toml_define_next_table(p->doc, table, part, &p->why);
		else
			table = toml_define_table(p->doc, table, part, &p->why);
	}
	return table;
}

static bool parse_header(struct parser *p)
{
	bool doubled = p->scan.at < p->scan.len && p->scan.text[p->scan.at] == '[';
	p->scan.at += doubled;
	if (!parse_key(p, toml_scan(&p->scan, SCAN_KEY), "the table's name must stand here") ||
	    !close_header(p, doubled))
		return false;
	struct toml_node *table = define_section(p, doubled);
	if (!table || !end_line(p, "nothing but a comment can follow a header on its line"))
		return false;
	table->table->scope = table;
	table->table->line_begin = p->line;
	table->table->line_end = p->scan.at;
	p->section = table;
	for (struct toml_node *node = table; node; node = node->parent) {
		if (node->kind == TOML_TABLE)
			node->table->last_section = table;
	}
	return true;
}

/* ---- the document ---- */

static bool parse_line(struct parser *p, struct token token)
{
	if (token.kind == TOKEN_OPEN_BRACKET)
		return parse_header(p);
	struct toml_entry *entry = parse_member(p, token, p->section, "a key or a header must stand here");
	if (!entry || !end_line(p, "nothing but a comment can follow a value on its line"))
		return false;
	entry->line_begin = p->line;
	entry->line_end = p->scan.at;
	return true;
}

static bool parse_lines(struct parser *p)
{
	p->section = p->doc->root;
	for (;;) {
		p->line = p->scan.at;
		struct token token = toml_scan(&p->scan, SCAN_KEY);
		if (token.kind != TOKEN_NEWLINE && token.kind != TOKEN_END) {
			if (!parse_line(p, token))
				return false;
			continue;
		}
		if (!toml_line_mark(p->doc, &p->marks, p->line, p->scan.at))
			return parse_fail_memory(p);
		if (token.kind == TOKEN_END)
			return true;
	}
}

static bool parse_text(struct toml *doc, struct toml_error *ret_error)
{
	const char *why = NULL;
	size_t bad = toml_scan_check(doc->text, doc->len, &why);

	if (bad < doc->len) {
		toml_error_at(ret_error, doc, bad, "%s", why);
		return false;
	}
	struct parser *p = memory_take_zeroed(1, sizeof(*p)); /* too big for the stack of a small thread */
	p->doc = doc;
	p->scan = (struct scan){.text = doc->text, .len = doc->len, .at = doc->body};
	bool ok = parse_lines(p);
	if (!ok && p->why == toml_no_memory)
		toml_error_nowhere(ret_error, p->why);
	else if (!ok)
		toml_error_at(ret_error, doc, p->bad, "%s", p->why);
	free(p);
	return ok;
}

static struct toml *new_document(const char *bytes, size_t len)
{
	struct toml *doc = memory_take_zeroed(1, sizeof(*doc));

	doc->text = memory_take(len + 1);
	doc->root = toml_node_new(doc, TOML_TABLE, FORM_HEADER);
	if (len)
		memcpy(doc->text, bytes, len);
	doc->text[len] = '\0';
	doc->len = len;
	doc->body = len >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3) ? 3 : 0;
	doc->root->table->scope = doc->root;
	doc->root->table->line_begin = doc->root->table->line_end = doc->body;
	return doc;
}

struct toml *toml_parse(const char *bytes, size_t len, struct toml_error *ret_error)
{
	struct toml *doc = new_document(bytes, len);

	if (!parse_text(doc, ret_error)) {
		toml_free(doc);
		return NULL;
	}
	return doc;
}
