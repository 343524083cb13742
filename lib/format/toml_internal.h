/*
 * toml_internal: shared by the toml*.c files. No other file includes it.
 *
 * Layers, each of which uses only those above it in this list:
 *	toml_scan.c	bytes to tokens, offsets to line and column
 *	toml_node.c	the tree: memory, look-up, the reading functions
 *	toml_string.c	one string from its token
 *	toml_value.c	one value from its token: numbers, dates and times
 *	toml_define.c	TOML's rules about what may be defined where
 *	toml_parse.c	tokens to tree
 *	toml_write.c	JSON values and keys as TOML text
 *	toml_same.c	values compared with JSON
 *	toml_digest.c	what a document says, as a number
 *	toml_edit.c	notes the edits in the tree
 *	toml_line.c	blank lines, comments, indentation, marked blocks
 *	toml_splice.c	the list of splices, and the source copied around them
 *	toml_render.c	the noted edits as splices; the check of the result
 *
 * There is one tree. The source and the edits use the same nodes: a source node may be
 * `gone` or have a new value (`want`). A node that an edit created is `is_new` and is in
 * its parent's second list of children, so that the reading functions never see it.
 */
#ifndef KIMI_FORMAT_TOML_INTERNAL_H
#define KIMI_FORMAT_TOML_INTERNAL_H

#include "format/toml.h"

#include <string.h>

/* The maximum nesting of keys, arrays and tables, which limits recursion. */
#define TOML_DEPTH_MAX 256

/* ---- toml_scan.c ---- */

enum toml_token_kind {
	TOML_TOKEN_END,
	TOML_TOKEN_NEWLINE,
	TOML_TOKEN_EQUALS,
	TOML_TOKEN_COMMA,
	TOML_TOKEN_DOT,
	TOML_TOKEN_OPEN_BRACKET,
	TOML_TOKEN_CLOSE_BRACKET,
	TOML_TOKEN_OPEN_BRACE,
	TOML_TOKEN_CLOSE_BRACE,
	TOML_TOKEN_BARE, /* a bare key, or an unquoted value */
	TOML_TOKEN_BASIC,
	TOML_TOKEN_LITERAL,
	TOML_TOKEN_MULTI_BASIC,
	TOML_TOKEN_MULTI_LITERAL,
	TOML_TOKEN_BAD, /* see scan.reason */
};

struct toml_token {
	enum toml_token_kind kind;
	size_t begin, end; /* with the quotes */
};

/* Bare words differ in keys and values: 1.5 is two keys but one value. */
enum toml_scan_mode { TOML_SCAN_KEY, TOML_SCAN_VALUE };

struct toml_scan {
	const char *text;
	size_t len;
	size_t at;
	const char *reason; /* of a TOML_TOKEN_BAD */
};

/* The next token; skips blanks and comments before it. */
struct toml_token toml_scan(struct toml_scan *s, enum toml_scan_mode mode);

/*
 * The offset of the first byte that is not allowed in a TOML file (*ret_reason says why),
 * or `len`.
 */
size_t toml_scan_check(const char *text, size_t len, const char **ret_reason);

bool toml_utf8_valid(const char *text, size_t len);

/* Fills an error with the line and column of `offset`. */
void toml_error_at(struct toml_error *error, const struct toml *doc, size_t offset, const char *message);
/* Fills an error without line and column; returns -1. */
int toml_error_nowhere(struct toml_error *error, const char *message);

/* ---- toml_node.c ---- */

enum toml_form {
	FORM_VALUE,    /* after a key or inside an array: scalar, array, inline table */
	FORM_HEADER,   /* a table with a [header]; an element of an array of tables; the root */
	FORM_IMPLICIT, /* a table that only the header of a sub-table names; a new table */
	FORM_DOTTED,   /* a table made by dotted keys */
	FORM_TABLES,   /* an array of tables */
};

struct toml_entry;
struct toml_table;
struct toml_want;

struct toml_text {
	const char *text; /* may contain NULs */
	size_t len;
};

/* The key at an iterator of jansson's, which has keys with NULs since 2.14. */
static inline struct toml_text toml_iter_key(void *iter)
{
	const char *key = json_object_iter_key(iter);

#if JANSSON_VERSION_HEX >= 0x020e00
	return (struct toml_text){key, json_object_iter_key_len(iter)};
#else
	return (struct toml_text){key, strlen(key)};
#endif
}

struct toml_node {
	struct toml_node *parent; /* NULL: the root */
	struct toml_node *next;
	struct toml_node *was; /* of a new node: the gone or empty source node with the same key */
	const char *key;       /* NULL: an array's element; NUL-terminated */
	uint32_t key_len;
	uint32_t begin, end; /* of a value; for other forms, `begin` is where it is first named */
	uint32_t hash;
	uint16_t depth;
	uint8_t kind; /* enum toml_kind */
	uint8_t form; /* enum toml_form */
	bool is_new;  /* created by an edit */
	bool gone;    /* removed by an edit */
	union {
		struct toml_text string; /* dates and times too */
		int64_t integer;
		double real;
		bool boolean;
		struct {
			struct toml_node *first, *last;
			size_t count;
		} children; /* in the source, of tables and arrays */
	} u;
	struct toml_entry *entry; /* written as `key = value` */
	struct toml_table *table; /* tables only */
	struct toml_want *want;   /* NULL: no edit has set a value */
};

/* A `key = value` of the source. */
struct toml_entry {
	struct toml_node *node;
	struct toml_node *scope; /* the table with the [header] or { } that contains it */
	struct toml_entry *prev, *next;
	uint32_t begin;                /* of its key */
	uint32_t line_begin, line_end; /* its lines with the line end; 0 inside { } */
};

struct toml_table {
	struct toml *doc;
	struct toml_node *new_first, *new_last; /* children that edits created, in order */
	struct toml_node *scope;                /* see toml_entry; NULL: implicit */
	struct toml_entry *entry_first;         /* all in this scope, in file order */
	struct toml_entry *entry_last;          /* of a dotted table: the last below it */
	uint32_t line_begin, line_end;          /* its header's line */
	struct toml_node *last_section;         /* the last [header] table at or below it */
};

/*
 * A block that another tool has marked: the lines from a comment like "# BEGIN x" or
 * "# >>> x >>>" to "# END x" or "# <<< x <<<". The tool replaces or removes it as a whole,
 * so nothing is inserted into it.
 */
struct toml_block {
	struct toml_block *prev; /* the previous one in the file; they do not nest */
	size_t begin, end;
};

/* The last marks that were opened and not closed. */
struct toml_marks {
	struct {
		size_t line;                   /* its offset */
		size_t label_begin, label_end; /* the x above */
	} marks[16];
	size_t count;
};

/* A value that an edit has set; in a list of the document, which frees it. */
struct toml_want {
	json_t *value; /* NULL: unset again */
	struct toml_want *next;
};

struct chunk;

struct toml {
	char *text; /* the source, NUL-terminated */
	size_t len;
	size_t body; /* where the text begins, after a BOM */
	struct toml_node *root;
	struct chunk *chunks; /* the memory of all structs below */
	size_t chunk_left;
	struct toml_node **slots; /* hash table by parent and key; its size is a power of two */
	size_t slot_count, slot_used;
	struct toml_want *wants;
	struct toml_block *last_block;
};

/* Zeroed memory that lives as long as the document. */
void *toml_alloc(struct toml *doc, size_t size);
char *toml_copy(struct toml *doc, const char *bytes, size_t len);

/* Frees all but `doc` itself, which is then good for toml_free() only. */
void toml_clear(struct toml *doc);

/* A node that is not in the tree yet; a table gets its toml_table. */
struct toml_node *toml_node_new(struct toml *doc, enum toml_kind kind, enum toml_form form);

/*
 * Adds a node to the children of `parent` (if it is_new, to the new ones) with a copy of
 * the key (NULL: an array's element).
 */
void toml_node_attach(
    struct toml *doc, struct toml_node *parent, struct toml_node *node, const struct toml_text *key);

/* The newest node with that key, of the source or of an edit, also if it is gone. */
struct toml_node *toml_node_find(const struct toml_node *table, struct toml_text key);

/* The node in the source, and the node after the edits; NULL: none. */
struct toml_node *toml_node_source(struct toml_node *newest);
struct toml_node *toml_node_live(struct toml_node *newest);

/* The table is an inline table, or inside one. */
bool toml_node_inline(const struct toml_node *table);

/* The value that an edit has set for the node; NULL: none. */
json_t *toml_node_wanted(const struct toml_node *node);

/*
 * The node exists after the edits. A table without a header of its own does not exist
 * without members.
 */
bool toml_node_exists(const struct toml_node *node);

/* ---- toml_string.c ---- */

/*
 * Decodes any of the four kinds of string. Returns NULL, or the reason why it is invalid,
 * with its offset in *ret_at.
 */
const char *toml_string_read(
    struct toml *doc, struct toml_token token, struct toml_text *ret_text, size_t *ret_at);

/* The same for a key, quoted or bare. A bare one is not NUL-terminated. */
const char *toml_string_key(
    struct toml *doc, struct toml_token token, struct toml_text *ret_key, size_t *ret_at);

/* The value of the digit; -1: it is not a hexadecimal digit. */
int toml_hex_digit(char c);

/* ---- toml_value.c ---- */

/*
 * Decodes a token into `node`. Returns NULL, or the reason why it is invalid, with its
 * offset in *ret_at.
 */
const char *toml_value_read(
    struct toml *doc, struct toml_token token, struct toml_node *node, size_t *ret_at);

/* ---- toml_define.c ---- */

/* One key of a dotted key or a header. */
struct toml_part {
	struct toml_text key;
	size_t begin;
};

/*
 * Each returns the node for the part in `parent`, and creates it if it is missing. NULL:
 * TOML does not allow that; *ret_reason says why.
 */

/*
 * The last part of `key = ...`, and the parts before it; `scope` is the table with the
 * header or braces around them.
 */
struct toml_node *toml_define_value(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason);
struct toml_node *toml_define_dotted(struct toml *doc, struct toml_node *parent, const struct toml_part *part,
    struct toml_node *scope, const char **ret_reason);

/* An element: FORM_VALUE, or FORM_HEADER in an array of tables. */
struct toml_node *toml_define_element(
    struct toml *doc, struct toml_node *array, enum toml_form form, const char **ret_reason);

/* The parts of a header: all but the last; the last one of [table]; the last one of [[array]]. */
struct toml_node *toml_define_super(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason);
struct toml_node *toml_define_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason);
struct toml_node *toml_define_next_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_reason);

/* ---- toml_write.c ---- */

void toml_write_key(struct buf *out, const char *key, size_t key_len);
void toml_write_value(struct buf *out, const json_t *value);

/*
 * Returns NULL if the value can be written, else the reason. *ret_depth: its nesting, 1
 * for a scalar.
 */
const char *toml_write_check(const json_t *value, int *ret_depth);

/* ---- toml_same.c ---- */

bool toml_same_json(const struct toml_node *node, const json_t *value);

/* ---- toml_digest.c ---- */

/*
 * A digest of a value with the edits in it. It does not depend on the form: two documents
 * with the same values have the same one.
 */
uint64_t toml_digest_node(const struct toml_node *node);

/* ---- toml_line.c ---- */

/* A range of the source. */
struct toml_span {
	size_t begin, end;
};

struct toml_span toml_line_indent(const struct toml *doc, size_t line);

/* Notes the mark in the line from `line` to `end`, if it has one. */
void toml_line_mark(struct toml *doc, struct toml_marks *open, size_t line, size_t end);

/* The marked block that contains `at`; NULL: none. */
const struct toml_block *toml_block_around(const struct toml *doc, size_t at);

/*
 * Where to insert root keys in a file that has none. `apart`: after the first comment
 * paragraph and a blank line. Otherwise directly after lines for tools ("#:schema"), which
 * must be at the top, or at the very top.
 */
struct toml_top {
	size_t at;
	bool apart;
};
struct toml_top toml_top_of(const struct toml *doc);

/*
 * The end of the blank line that begins at `line`; the start of the one that ends there;
 * `line` if there is none.
 */
size_t toml_line_behind_blank(const struct toml *doc, size_t line);
size_t toml_line_before_blank(const struct toml *doc, size_t line);

/*
 * The offset after the last key of a section, or after its header; the second one: also
 * after its comment.
 */
size_t toml_section_end(const struct toml_node *section);
size_t toml_section_end_with_comment(const struct toml *doc, const struct toml_node *section);

/* ---- toml_splice.c ---- */

enum toml_splice_kind { /* in the order of splices that begin at the same offset */
	SPLICE_TOP,     /* new lines at the top of the file; a blank line if anything follows */
	SPLICE_LINES,   /* new lines */
	SPLICE_BLOCK,   /* new lines with a header; a blank line first, except at the top */
	SPLICE_GAP,     /* a blank line, removed if nothing is before it */
	SPLICE_REPLACE, /* replaces a range by a text; both may be empty */
};

struct toml_splice {
	size_t begin, end;     /* of the source */
	size_t text, text_len; /* in `text` of the list */
	size_t order;
	enum toml_splice_kind kind;
};

struct toml_splices {
	const struct toml *doc;
	const char *eol;
	struct buf text;
	struct toml_splice *list;
	size_t count, cap;
};

void toml_splices_init(struct toml_splices *s, const struct toml *doc);
void toml_splices_release(struct toml_splices *s);

/* Adds a splice. Its text is what was added to s->text since that had the length `text`. */
void toml_splice(struct toml_splices *s, enum toml_splice_kind kind, size_t begin, size_t end, size_t text);

/* Copies the source to `out`, with the splices made. */
void toml_splices_apply(struct toml_splices *s, struct buf *out);

#endif
