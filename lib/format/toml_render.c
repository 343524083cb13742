#include "format/toml_internal.h"

struct render {
	const struct toml *doc;
	struct toml_splices splices;
	/*
	 * Cache of where to insert a block after this section, since there may be
	 * thousands of blocks.
	 */
	const struct toml_node *family;
	size_t family_end;
};

/* ---- removing ---- */

static void render_cut(struct render *r, size_t begin, size_t end)
{
	toml_splice(&r->splices, SPLICE_REPLACE, begin, end, r->splices.text.len);
}

/* If the top of the file is removed, so is the blank line after it. */
static void cut_gap(struct render *r, size_t line)
{
	size_t end = toml_line_behind_blank(r->doc, line);

	if (end > line)
		toml_splice(&r->splices, SPLICE_GAP, line, end, r->splices.text.len);
}

/* `covered`: the lines below the same header are removed already. */
static void render_erase(struct render *r, const struct toml_node *node, bool covered)
{
	if (node->form == FORM_VALUE) {
		if (!covered)
			render_cut(r, node->entry->line_begin, node->entry->line_end);
		return;
	}
	if (node->form == FORM_HEADER) {
		render_cut(
		    r, toml_line_before_blank(r->doc, node->table->line_begin), toml_section_end(node));
		cut_gap(r, toml_section_end(node));
		covered = true;
	}
	for (const struct toml_node *child = node->u.children.first; child; child = child->next)
		render_erase(r, child, covered);
}

static bool entry_gone(const struct toml_entry *entry)
{
	for (const struct toml_node *node = entry->node; node != entry->scope; node = node->parent) {
		if (node->gone)
			return true;
	}
	return false;
}

/* ---- new text ---- */

static void add_source(struct render *r, struct toml_span span)
{
	buf_add(&r->splices.text, r->doc->text + span.begin, span.end - span.begin);
}

/*
 * The source of the keys before the members of a dotted table, without the last dot;
 * empty for other tables.
 */
static struct toml_span dotted_prefix(const struct toml *doc, const struct toml_node *table)
{
	if (table->form != FORM_DOTTED)
		return (struct toml_span){0, 0};
	/* A dotted table has at least one member. */
	size_t begin = table->table->entry_last->begin; // NOLINT(clang-analyzer-core.NullDereference)
	struct toml_scan scan = {.text = doc->text, .len = doc->len, .at = begin};
	for (int steps = table->depth - table->table->scope->depth; steps > 1; steps--) {
		toml_scan(&scan, TOML_SCAN_KEY);
		toml_scan(&scan, TOML_SCAN_KEY); /* the dot */
	}
	return (struct toml_span){begin, toml_scan(&scan, TOML_SCAN_KEY).end};
}

static bool is_new_value(const struct toml_node *node)
{
	return !node->gone && toml_node_wanted(node);
}

static bool has_new_values(const struct toml_node *table)
{
	for (const struct toml_node *node = table->table->new_first; node; node = node->next) {
		if (is_new_value(node))
			return true;
	}
	return false;
}

static void add_member(struct render *r, const struct toml_node *node, struct toml_span prefix)
{
	add_source(r, prefix);
	if (prefix.end > prefix.begin)
		buf_addch(&r->splices.text, '.');
	toml_write_key(&r->splices.text, node->key, node->key_len);
	buf_addstr(&r->splices.text, " = ");
	toml_write_value(&r->splices.text, toml_node_wanted(node));
}

static void add_lines(struct render *r, const struct toml_node *table, struct toml_span indent)
{
	struct toml_span prefix = dotted_prefix(r->doc, table);

	for (const struct toml_node *node = table->table->new_first; node; node = node->next) {
		if (!is_new_value(node))
			continue;
		add_source(r, indent);
		add_member(r, node, prefix);
		buf_addstr(&r->splices.text, r->splices.eol);
	}
}

static void add_header_keys(struct render *r, const struct toml_node *table)
{
	if (table->parent && table->parent->parent) {
		add_header_keys(r, table->parent);
		buf_addch(&r->splices.text, '.');
	}
	toml_write_key(&r->splices.text, table->key, table->key_len);
}

/* The last section of the nearest ancestor that has one; NULL: none. */
static const struct toml_node *family_of(const struct toml_node *table)
{
	for (; table->parent; table = table->parent) {
		const struct toml_node *source = table->is_new ? table->was : table;
		if (source && source->kind == TOML_TABLE && source->table->last_section)
			return source->table->last_section;
	}
	return NULL;
}

/* Inserts a new block for a table without a header. */
static void render_block(struct render *r, const struct toml_node *table)
{
	const struct toml_node *family = family_of(table);
	struct toml_span header_indent = {0, 0}, indent = {0, 0};
	size_t text = r->splices.text.len, at = r->doc->len;

	if (family) {
		if (family != r->family) {
			r->family_end = toml_section_end_with_comment(r->doc, family);
			const struct toml_block *block = toml_block_around(r->doc, r->family_end);
			if (block)
				r->family_end = block->end;
		}
		r->family = family;
		at = r->family_end;
		const struct toml_entry *last = family->table->entry_last;
		header_indent = toml_line_indent(r->doc, family->table->line_begin);
		indent = last ? toml_line_indent(r->doc, last->line_begin) : header_indent;
	}
	add_source(r, header_indent);
	buf_addch(&r->splices.text, '[');
	add_header_keys(r, table);
	buf_addch(&r->splices.text, ']');
	buf_addstr(&r->splices.text, r->splices.eol);
	add_lines(r, table, indent);
	toml_splice(&r->splices, SPLICE_BLOCK, at, at, text);
}

/* The last root key outside marked blocks; NULL: none. */
static const struct toml_entry *last_root_entry(const struct toml *doc)
{
	const struct toml_entry *entry = doc->root->table->entry_last;
	const struct toml_block *block = doc->last_block;

	for (; entry; entry = entry->prev) {
		while (block && block->begin > entry->line_begin)
			block = block->prev;
		if (!block || entry->line_begin >= block->end)
			break;
	}
	return entry;
}

/* Inserts root keys if there are none, or only in marked blocks. */
static void render_first_root_keys(struct render *r, const struct toml_node *root)
{
	const struct toml_entry *first = root->table->entry_first;
	size_t text = r->splices.text.len;
	struct toml_top top = toml_top_of(r->doc);

	if (first)
		top.at = toml_block_around(r->doc, first->line_begin)->begin;
	else if (top.apart)
		buf_addstr(&r->splices.text, r->splices.eol);
	add_lines(r, root, (struct toml_span){0, 0});
	toml_splice(&r->splices, first || top.apart ? SPLICE_LINES : SPLICE_TOP, top.at, top.at, text);
}

static void render_new_values(struct render *r, const struct toml_node *table)
{
	const struct toml_entry *last = table->parent ? table->table->entry_last : last_root_entry(r->doc);
	size_t text = r->splices.text.len;

	if (table->form == FORM_IMPLICIT) {
		render_block(r, table);
		return;
	}
	if (!table->parent && !last) {
		render_first_root_keys(r, table);
		return;
	}
	size_t line = last ? last->line_begin : table->table->line_begin;
	size_t at = last ? last->line_end : table->table->line_end;
	add_lines(r, table, toml_line_indent(r->doc, line));
	toml_splice(&r->splices, SPLICE_LINES, at, at, text);
}

/*
 * Root keys that toml_set() inserted at the top have a blank line after them, which is
 * removed with the keys.
 */
static void cut_root_gap(struct render *r)
{
	const struct toml_table *root = r->doc->root->table;

	for (const struct toml_entry *entry = root->entry_first; entry; entry = entry->next) {
		if (!entry_gone(entry))
			return;
	}
	if (!root->entry_first)
		return;
	struct toml_top top = toml_top_of(r->doc);
	size_t first = root->entry_first->line_begin, end = root->entry_last->line_end;
	if (first == r->doc->body)
		cut_gap(r, end);
	else if (has_new_values(r->doc->root))
		return;
	else if (top.apart && toml_line_behind_blank(r->doc, top.at) == first)
		render_cut(r, top.at, first);
	else if (!top.apart && top.at == first)
		render_cut(r, end, toml_line_behind_blank(r->doc, end));
}

/* ---- inline tables ---- */

/* Adds ", key = value" for each new member of the table and of the dotted tables in it. */
static void add_inline_members(struct render *r, const struct toml_node *table)
{
	struct toml_span prefix = dotted_prefix(r->doc, table);

	for (const struct toml_node *node = table->table->new_first; node; node = node->next) {
		if (!is_new_value(node))
			continue;
		buf_addstr(&r->splices.text, ", ");
		add_member(r, node, prefix);
	}
	for (const struct toml_node *node = table->u.children.first; node; node = node->next) {
		if (node->form == FORM_DOTTED && !node->gone)
			add_inline_members(r, node);
	}
}

/* For a table that loses all members of the source. The text of new members begins at `text`. */
static void refill_inline(struct render *r, const struct toml_node *table, size_t text)
{
	const struct toml_entry *first = table->table->entry_first, *last = table->table->entry_last;
	const char *source = r->doc->text;
	size_t open = table->begin + 1, close = table->end - 1;
	bool filled = r->splices.text.len > text;

	if (first && filled) {
		toml_splice(&r->splices, SPLICE_REPLACE, first->begin, last->node->end, text + 2);
	} else if (first) {
		/* { x = 1 } becomes {}. With other spacing, the blanks stay; see below. */
		bool usual = first->begin == open + 1 && close == last->node->end + 1 &&
		             source[open] == ' ' && source[close - 1] == ' ';
		render_cut(r, usual ? open : first->begin, usual ? close : last->node->end);
	} else if (filled && open == close) {
		buf_addch(&r->splices.text, ' ');
		toml_splice(&r->splices, SPLICE_REPLACE, open, close, text + 1);
	} else if (filled) {
		/*
		 * Blanks in an empty table stay before the first member, so that removing
		 * it restores the source.
		 */
		toml_splice(&r->splices, SPLICE_REPLACE, close, close, text + 2);
	}
}

/* Removes a member with the comma before it; the first members, with the comma after them. */
static void cut_inline(struct render *r, const struct toml_entry *entry, bool any_before)
{
	if (any_before)
		render_cut(r, entry->prev->node->end, entry->node->end);
	else
		render_cut(
		    r, entry->begin, entry->next->begin); // NOLINT(clang-analyzer-core.NullDereference)
}

static void render_value(struct render *r, const struct toml_node *node);

static void render_inline(struct render *r, const struct toml_node *table)
{
	const struct toml_table *t = table->table;
	size_t text = r->splices.text.len, staying = 0;

	for (const struct toml_entry *entry = t->entry_first; entry; entry = entry->next)
		staying += !entry_gone(entry);
	add_inline_members(r, table);
	if (!staying) {
		refill_inline(r, table, text);
		return;
	}
	if (r->splices.text.len > text)
		toml_splice(
		    &r->splices, SPLICE_REPLACE, t->entry_last->node->end, t->entry_last->node->end, text);
	bool any_before = false;
	for (const struct toml_entry *entry = t->entry_first; entry; entry = entry->next) {
		if (entry_gone(entry)) {
			cut_inline(r, entry, any_before);
		} else {
			render_value(r, entry->node);
			any_before = true;
		}
	}
}

/* ---- the document ---- */

static void render_value(struct render *r, const struct toml_node *node)
{
	const json_t *wanted = toml_node_wanted(node);
	size_t text = r->splices.text.len;

	if (wanted) {
		toml_write_value(&r->splices.text, wanted);
		toml_splice(&r->splices, SPLICE_REPLACE, node->begin, node->end, text);
	} else if (node->kind == TOML_TABLE) {
		render_inline(r, node);
	}
}

static void render_table(struct render *r, const struct toml_node *table)
{
	if (has_new_values(table))
		render_new_values(r, table);
	for (const struct toml_node *node = table->u.children.first; node; node = node->next) {
		if (node->gone)
			render_erase(r, node, false);
		else if (node->form == FORM_VALUE)
			render_value(r, node);
		else if (node->kind == TOML_TABLE) /* arrays of tables have no edits inside */
			render_table(r, node);
	}
	for (const struct toml_node *node = table->table->new_first; node; node = node->next) {
		if (!node->gone && node->kind == TOML_TABLE)
			render_table(r, node);
	}
}

static void render_edits(const struct toml *doc, struct buf *out)
{
	struct render r = {.doc = doc};

	toml_splices_init(&r.splices, doc);
	render_table(&r, doc->root);
	cut_root_gap(&r);
	toml_splices_apply(&r.splices, out);
	toml_splices_release(&r.splices);
}

/* Checks that the result is the source with the edits, whose digest this is, and nothing else. */
static int check_result(uint64_t digest, const struct buf *out, struct toml_error *error)
{
	struct toml *result = toml_parse(out->data, out->len, error);
	bool same = result && toml_digest_node(result->root) == digest;
	toml_free(result);
	if (same)
		return 0;
	return toml_error_nowhere(error, "the edits cannot be written without changing something else");
}

int toml_render(struct toml *doc, struct buf *ret_text, struct toml_error *ret_error)
{
	struct buf out;
	int result = 0;

	buf_init(&out, SIZE_MAX / 4);
	if (toml_edited(doc)) {
		uint64_t digest = toml_digest_node(doc->root);
		render_edits(doc, &out);
		toml_clear(doc);
		result = check_result(digest, &out, ret_error);
	} else {
		buf_add(&out, doc->text, doc->len);
	}
	if (!result)
		buf_add(ret_text, out.data, out.len);
	if (!result && ret_text->failed)
		result = toml_error_nowhere(ret_error, "the document is too long");
	buf_release(&out);
	return result;
}
