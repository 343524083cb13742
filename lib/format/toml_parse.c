#include "format/toml_internal.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct toml *doc;
	struct toml_scan scan;
	struct toml_node *section; /* the table of the last [header] */
	size_t line;               /* offset of the statement's line */
	struct toml_part parts[TOML_DEPTH_MAX];
	size_t part_count; /* of the last key */
	struct toml_marks marks;
	const char *reason; /* the first error, and its offset */
	size_t bad;
};

/* ---- errors ---- */

static bool parse_fail(struct parser *p, size_t offset, const char *reason)
{
	p->bad = offset;
	p->reason = reason;
	return false;
}

/* An unexpected token; if the scanner could not read it, its reason is better. */
static bool fail_token(struct parser *p, struct toml_token token, const char *reason)
{
	return parse_fail(p, token.begin, token.kind == TOML_TOKEN_BAD ? p->scan.reason : reason);
}

/* ---- keys ---- */

static bool parse_key(struct parser *p, struct toml_token token, const char *wanted)
{
	for (p->part_count = 0;; token = toml_scan(&p->scan, TOML_SCAN_KEY)) {
		struct toml_part *part = &p->parts[p->part_count];
		size_t at;

		if (token.kind != TOML_TOKEN_BARE && token.kind != TOML_TOKEN_BASIC &&
		    token.kind != TOML_TOKEN_LITERAL)
			return fail_token(p, token, wanted);
		const char *reason = toml_string_key(p->doc, token, &part->key, &at);
		if (reason)
			return parse_fail(p, at, reason);
		part->begin = token.begin;
		p->part_count++;
		struct toml_scan ahead = p->scan;
		if (toml_scan(&ahead, TOML_SCAN_KEY).kind != TOML_TOKEN_DOT)
			return true;
		if (p->part_count == TOML_DEPTH_MAX)
			return parse_fail(p, ahead.at, "nested too deeply");
		p->scan = ahead;
		wanted = "expected a key after the dot";
	}
}

/* The node for the last key, in `scope`. */
static struct toml_node *define_member(struct parser *p, struct toml_node *scope)
{
	struct toml_node *node = scope;

	for (size_t i = 0; node && i < p->part_count; i++) {
		const struct toml_part *part = &p->parts[i];
		bool last = i + 1 == p->part_count;
		p->bad = part->begin;
		node = last ? toml_define_value(p->doc, node, part, &p->reason)
		            : toml_define_dotted(p->doc, node, part, scope, &p->reason);
	}
	return node;
}

static void add_entry(struct parser *p, struct toml_node *node, struct toml_node *scope, size_t begin)
{
	struct toml_entry *entry = toml_alloc(p->doc, sizeof(*entry));

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
}

/* ---- values ---- */

static bool parse_value(struct parser *p, struct toml_token token, struct toml_node *node);

/* `key = value`, beginning with the first token of the key. */
static struct toml_entry *parse_member(
    struct parser *p, struct toml_token token, struct toml_node *scope, const char *wanted)
{
	size_t begin = token.begin;

	if (!parse_key(p, token, wanted))
		return NULL;
	struct toml_token equals = toml_scan(&p->scan, TOML_SCAN_KEY);
	if (equals.kind != TOML_TOKEN_EQUALS) {
		fail_token(p, equals, "expected '=' after the key");
		return NULL;
	}
	struct toml_node *node = define_member(p, scope);
	if (!node)
		return NULL;
	add_entry(p, node, scope, begin);
	if (!parse_value(p, toml_scan(&p->scan, TOML_SCAN_VALUE), node))
		return NULL;
	return node->entry;
}

static struct toml_token scan_over_newlines(struct parser *p)
{
	struct toml_token token;

	do
		token = toml_scan(&p->scan, TOML_SCAN_VALUE);
	while (token.kind == TOML_TOKEN_NEWLINE);
	return token;
}

static bool parse_array(struct parser *p, struct toml_node *array)
{
	array->kind = TOML_ARRAY;
	struct toml_token token = scan_over_newlines(p);
	while (token.kind != TOML_TOKEN_CLOSE_BRACKET) {
		if (token.kind == TOML_TOKEN_END)
			return parse_fail(p, array->begin, "this array is not closed");
		p->bad = token.begin;
		struct toml_node *element = toml_define_element(p->doc, array, FORM_VALUE, &p->reason);
		if (!element || !parse_value(p, token, element))
			return false;
		token = scan_over_newlines(p);
		if (token.kind == TOML_TOKEN_COMMA)
			token = scan_over_newlines(p);
		else if (token.kind != TOML_TOKEN_CLOSE_BRACKET && token.kind != TOML_TOKEN_END)
			return fail_token(p, token, "expected ',' or ']' after the array element");
	}
	return true;
}

static const char *inline_wanted(struct toml_token token, const char *wanted)
{
	if (token.kind == TOML_TOKEN_NEWLINE || token.kind == TOML_TOKEN_END)
		return "an inline table must end on its line and cannot contain a comment";
	return wanted;
}

static bool parse_inline_table(struct parser *p, struct toml_node *table)
{
	table->kind = TOML_TABLE;
	table->table = toml_alloc(p->doc, sizeof(*table->table));
	table->table->doc = p->doc;
	table->table->scope = table;
	struct toml_token token = toml_scan(&p->scan, TOML_SCAN_KEY);
	if (token.kind == TOML_TOKEN_CLOSE_BRACE)
		return true;
	for (;;) {
		const char *wanted = token.kind == TOML_TOKEN_CLOSE_BRACE
		                         ? "a comma before '}' is not allowed"
		                         : inline_wanted(token, "expected a key");
		if (!parse_member(p, token, table, wanted))
			return false;
		token = toml_scan(&p->scan, TOML_SCAN_KEY);
		if (token.kind == TOML_TOKEN_CLOSE_BRACE)
			return true;
		if (token.kind != TOML_TOKEN_COMMA)
			return fail_token(
			    p, token, inline_wanted(token, "expected ',' or '}' after the value"));
		token = toml_scan(&p->scan, TOML_SCAN_KEY);
	}
}

static bool parse_value(struct parser *p, struct toml_token token, struct toml_node *node)
{
	size_t at;
	bool ok;

	node->begin = token.begin;
	switch (token.kind) {
	case TOML_TOKEN_OPEN_BRACKET:
		ok = parse_array(p, node);
		break;
	case TOML_TOKEN_OPEN_BRACE:
		ok = parse_inline_table(p, node);
		break;
	case TOML_TOKEN_BARE:
	case TOML_TOKEN_BASIC:
	case TOML_TOKEN_LITERAL:
	case TOML_TOKEN_MULTI_BASIC:
	case TOML_TOKEN_MULTI_LITERAL:
		p->reason = toml_value_read(p->doc, token, node, &at);
		ok = !p->reason || parse_fail(p, at, p->reason);
		break;
	default:
		return fail_token(p, token, "expected a value");
	}
	node->end = p->scan.at;
	return ok;
}

/* ---- headers ---- */

static bool close_header(struct parser *p, bool doubled)
{
	struct toml_token token = toml_scan(&p->scan, TOML_SCAN_KEY);

	if (token.kind != TOML_TOKEN_CLOSE_BRACKET)
		return fail_token(p, token, "expected ']' after the table name");
	if (!doubled)
		return true;
	size_t end = token.end;
	token = toml_scan(&p->scan, TOML_SCAN_KEY);
	if (token.kind != TOML_TOKEN_CLOSE_BRACKET || token.begin != end)
		return fail_token(p, token, "expected ']]' after the table name");
	return true;
}

/* The end of a statement and its line. */
static bool end_line(struct parser *p, const char *reason)
{
	struct toml_token token = toml_scan(&p->scan, TOML_SCAN_KEY);

	return token.kind == TOML_TOKEN_NEWLINE || token.kind == TOML_TOKEN_END ||
	       fail_token(p, token, reason);
}

/* The table for the last header. */
static struct toml_node *define_section(struct parser *p, bool doubled)
{
	struct toml_node *table = p->doc->root;

	for (size_t i = 0; table && i < p->part_count; i++) {
		const struct toml_part *part = &p->parts[i];
		p->bad = part->begin;
		if (i + 1 < p->part_count)
			table = toml_define_super(p->doc, table, part, &p->reason);
		else if (doubled)
			table = toml_define_next_table(p->doc, table, part, &p->reason);
		else
			table = toml_define_table(p->doc, table, part, &p->reason);
	}
	return table;
}

static bool parse_header(struct parser *p)
{
	bool doubled = p->scan.at < p->scan.len && p->scan.text[p->scan.at] == '[';
	p->scan.at += doubled;
	if (!parse_key(p, toml_scan(&p->scan, TOML_SCAN_KEY), "expected a table name") ||
	    !close_header(p, doubled))
		return false;
	struct toml_node *table = define_section(p, doubled);
	if (!table || !end_line(p, "only a comment can follow a table header on its line"))
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

static bool parse_line(struct parser *p, struct toml_token token)
{
	if (token.kind == TOML_TOKEN_OPEN_BRACKET)
		return parse_header(p);
	struct toml_entry *entry = parse_member(p, token, p->section, "expected a key or a table header");
	if (!entry || !end_line(p, "only a comment can follow a value on its line"))
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
		struct toml_token token = toml_scan(&p->scan, TOML_SCAN_KEY);
		if (token.kind != TOML_TOKEN_NEWLINE && token.kind != TOML_TOKEN_END) {
			if (!parse_line(p, token))
				return false;
			continue;
		}
		toml_line_mark(p->doc, &p->marks, p->line, p->scan.at);
		if (token.kind == TOML_TOKEN_END)
			return true;
	}
}

static bool parse_text(struct toml *doc, struct toml_error *ret_error)
{
	const char *reason = NULL;

	if (doc->len >= UINT32_MAX) { /* the nodes have 32 bits for an offset */
		toml_error_nowhere(ret_error, "the document is too long");
		return false;
	}
	size_t bad = toml_scan_check(doc->text, doc->len, &reason);
	if (bad < doc->len) {
		toml_error_at(ret_error, doc, bad, reason);
		return false;
	}
	struct parser *p = memory_take_zeroed(1, sizeof(*p)); /* too big for the stack */
	p->doc = doc;
	p->scan = (struct toml_scan){.text = doc->text, .len = doc->len, .at = doc->body};
	bool ok = parse_lines(p);
	if (!ok)
		toml_error_at(ret_error, doc, p->bad, p->reason);
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
