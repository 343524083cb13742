/*
 * toml_internal: what the toml*.c files share; nobody else includes it.
 *
 * Layers, each knowing only those above it in this list:
 *	toml_scan.c	bytes to tokens, offsets to line and column
 *	toml_node.c	the tree: memory, look-up, the reading functions
 *	toml_string.c	one string out of its token
 *	toml_value.c	one value out of its token: numbers, dates and times
 *	toml_define.c	TOML's rules about what may be defined where
 *	toml_parse.c	tokens to tree
 *	toml_write.c	JSON values and keys as TOML text
 *	toml_same.c	values compared: with JSON, and tree with tree
 *	toml_edit.c	notes what is wanted in the tree
 *	toml_line.c	blank lines, comments, indentation, marked blocks
 *	toml_splice.c	the list of splices, and the source copied around them
 *	toml_render.c	the noted edits as splices; the check of the result
 *
 * There is one tree. What the source holds and what edits want live in the same
 * nodes: a source node may be `gone` or have a `want`ed value; a node that only
 * edits made is `is_new` and hangs in its parent's second list of children, so
 * that the reading functions never meet it.
 */
#ifndef KIMI_FORMAT_TOML_INTERNAL_H
#define KIMI_FORMAT_TOML_INTERNAL_H

#include "format/toml.h"

/* Deepest nesting of keys, arrays and tables together; recursion is bounded by it. */
#define TOML_DEPTH_MAX 256

/* ---- toml_scan.c ---- */

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE,
	TOKEN_EQUALS,
	TOKEN_COMMA,
	TOKEN_DOT,
	TOKEN_OPEN_BRACKET,
	TOKEN_CLOSE_BRACKET,
	TOKEN_OPEN_BRACE,
	TOKEN_CLOSE_BRACE,
	TOKEN_BARE, /* a bare key, or an unquoted value */
	TOKEN_BASIC,
	TOKEN_LITERAL,
	TOKEN_MULTI_BASIC,
	TOKEN_MULTI_LITERAL,
	TOKEN_BAD, /* `why` of the scanner tells */
};

struct token {
	enum token_kind kind;
	size_t begin, end; /* with the quotes */
};

/* Keys and values have different bare words: 1.5 is two keys but one value. */
enum scan_mode { SCAN_KEY, SCAN_VALUE };

struct scan {
	const char *text;
	size_t len;
	size_t at;
	const char *why; /* of a TOKEN_BAD */
};

/* The next token; blanks and comments before it are skipped. */
struct token toml_scan(struct scan *s, enum scan_mode mode);

/* Offset of the first byte that no TOML file may hold (`*ret_why` tells), or `len`. */
size_t toml_scan_check(const char *text, size_t len, const char **ret_why);

/* Length of the UTF-8 character at `text`; 0: it is none. */
size_t toml_utf8_len(const char *text, size_t len);
bool toml_utf8_valid(const char *text, size_t len);

/* The one message that has no place in a text. */
extern const char toml_no_memory[];

/* Fills an error: at the line and column of `offset`. */
void toml_error_at(struct toml_error *error, const struct toml *doc, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Fills an error that has no place in the source; returns -1. */
int toml_error_nowhere(struct toml_error *error, const char *message);

/* ---- toml_node.c ---- */

enum toml_form {
	FORM_VALUE,    /* behind a key or inside an array: scalar, array, inline table */
	FORM_HEADER,   /* a table with a [header]; an element of an array of tables; the root */
	FORM_IMPLICIT, /* a table only named on the way to a header; a new table */
	FORM_DOTTED,   /* a table made by dotted keys */
	FORM_TABLES,   /* an array of tables */
};

struct toml_entry;
struct toml_table;
struct toml_want;

struct toml_node {
	struct toml_node *parent; /* NULL: the root */
	struct toml_node *next;
	struct toml_node *was; /* of a new node: the source node of the same key, gone or emptied */
	const char *key;       /* NULL: an array's element; NUL-terminated */
	size_t key_len;
	size_t begin, end; /* the value's span; `begin` alone for other forms: where it is first named */
	uint32_t hash;
	uint16_t depth;
	uint8_t kind; /* enum toml_kind */
	uint8_t form; /* enum toml_form */
	bool is_new;  /* made by an edit */
	bool gone;    /* taken away by an edit */
	union {
		struct {
			const char *text;
			size_t len;
		} string; /* dates and times too */
		int64_t integer;
		double real;
		bool boolean;
		struct {
			struct toml_node *first, *last;
			size_t count;
		} children; /* the source's; of tables and arrays */
	} u;
	struct toml_entry *entry; /* written as `key = value` */
	struct toml_table *table; /* tables only */
	struct toml_want *want;   /* NULL: no edit ever gave it a value */
};

/* A `key = value` of the source. */
struct toml_entry {
	struct toml_node *node;
	struct toml_node *scope; /* the table whose [header] or { } it stands in */
	struct toml_entry *prev, *next;
	size_t begin;                /* of its key */
	size_t line_begin, line_end; /* its lines, the line end included; 0 inside { } */
};

struct toml_table {
	struct toml *doc;
	struct toml_node *new_first, *new_last; /* children that edits made, in order */
	struct toml_node *scope;                /* see toml_entry; NULL: implicit */
	struct toml_entry *entry_first;         /* all in this scope, in file order */
	struct toml_entry *entry_last;          /* of a dotted table: the last below it */
	size_t line_begin, line_end;            /* its header's line */
	struct toml_node *last_section;         /* the last [header] table at or below it */
};

/*
 * A block that another tool marks as its own: the lines from a comment like
 * "# BEGIN x" or "# >>> x >>>" to the one that closes it, "# END x" or
 * "# <<< x <<<". The tool replaces or removes it whole, so nothing new is put inside.
 */
struct toml_block {
	struct toml_block *prev; /* the one before in the file; none lies inside another */
	size_t begin, end;
};

/* The marks that were opened and not closed so far, the last ones of them. */
struct toml_marks {
	struct {
		size_t line;                   /* where it begins */
		size_t label_begin, label_end; /* the x above */
	} marks[16];
	size_t count;
};

/* The value an edit wants; kept in a list of the document, which frees it. */
struct toml_want {
	json_t *value; /* NULL: none any more */
	struct toml_want *next;
};

struct chunk;

struct toml {
	char *text; /* the source, NUL-terminated */
	size_t len;
	size_t body; /* where the text begins: behind a BOM */
	struct toml_node *root;
	struct chunk *chunks; /* all memory below lies there */
	size_t chunk_left;
	struct toml_node **slots; /* by parent and key; a power of two of them */
	size_t slot_count, slot_used;
	struct toml_want *wants;
	struct toml_block *last_block;
	bool touched; /* an edit was noted */
};

/* Memory that lives as long as the document, zeroed. NULL: none. */
void *toml_alloc(struct toml *doc, size_t size);
char *toml_copy(struct toml *doc, const char *bytes, size_t len);

/* A node outside of the tree. NULL: no memory. A table gets its toml_table. */
struct toml_node *toml_node_new(struct toml *doc, enum toml_kind kind, enum toml_form form);

/* Hangs a node under `parent` with a copied key (NULL: an array's element), in the list its `is_new` says. */
bool toml_node_attach(
    struct toml *doc, struct toml_node *parent, struct toml_node *node, const char *key, size_t key_len);

/* The newest node with that key, be it of the source or of an edit, gone or not. */
struct toml_node *toml_node_find(const struct toml_node *table, const char *key, size_t key_len);

/* The node as the source has it, and as edits want it; NULL: none. */
struct toml_node *toml_node_source(struct toml_node *newest);
struct toml_node *toml_node_live(struct toml_node *newest);

/* Whether a table stands in, or inside of, an inline table. */
bool toml_node_inline(const struct toml_node *table);

/* The value an edit wants of the node; NULL: none. */
json_t *toml_node_wanted(const struct toml_node *node);

/* Whether the node is there once all edits are made: a table that only its members make vanishes with them. */
bool toml_node_exists(const struct toml_node *node);

/* ---- toml_string.c ---- */

/* Any of the four kinds of string. Returns NULL, or what is wrong; `*ret_at` is where. */
const char *toml_string_read(
    struct toml *doc, struct token token, const char **ret_text, size_t *ret_len, size_t *ret_at);

/* A key, quoted or bare. As above; a bare one is not NUL-terminated. */
const char *toml_string_key(
    struct toml *doc, struct token token, const char **ret_key, size_t *ret_len, size_t *ret_at);

/* -1: none. */
int toml_hex_digit(char c);

/* ---- toml_value.c ---- */

/* Decodes a token into `node`. Returns NULL, or what is wrong; `*ret_at` is where. */
const char *toml_value_read(struct toml *doc, struct token token, struct toml_node *node, size_t *ret_at);

/* strtod() and its opposite, whatever the locale. False: no memory (the text is a number). */
bool toml_value_to_double(const char *text, size_t len, double *ret_number);
void toml_value_from_double(struct buf *out, double number);

/* ---- toml_define.c ---- */

/* A key of a dotted key or a header. */
struct toml_part {
	const char *key;
	size_t len;
	size_t begin;
};

/*
 * Each returns the node that the part leads to from `parent`, made if it was
 * not there; NULL: that is against the rules or there is no memory.
 */

/* The last part of `key = ...`, and those before it; `scope` is the table whose header or braces they are in. */
struct toml_node *toml_define_value(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why);
struct toml_node *toml_define_dotted(struct toml *doc, struct toml_node *parent, const struct toml_part *part,
    struct toml_node *scope, const char **ret_why);

/* An element: FORM_VALUE, or FORM_HEADER in an array of tables. */
struct toml_node *toml_define_element(
    struct toml *doc, struct toml_node *array, enum toml_form form, const char **ret_why);

/* The parts of a header: all but the last; the last of [table], of [[array]]. */
struct toml_node *toml_define_super(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why);
struct toml_node *toml_define_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why);
struct toml_node *toml_define_next_table(
    struct toml *doc, struct toml_node *parent, const struct toml_part *part, const char **ret_why);

/* ---- toml_write.c ---- */

void toml_write_key(struct buf *out, const char *key, size_t key_len);
void toml_write_value(struct buf *out, const json_t *value);

/* Why a value cannot be written; NULL: it can. `*ret_depth` is how deep it nests, 1 for a scalar. */
const char *toml_write_check(const json_t *value, int *ret_depth);

/* ---- toml_same.c ---- */

bool toml_same_json(const struct toml_node *node, const json_t *value);

/* Whether the tree of `result` is that of `doc` with its edits. */
bool toml_same_edited(const struct toml *doc, const struct toml *result);

/* ---- toml_line.c ---- */

/* A stretch of the source. */
struct toml_span {
	size_t begin, end;
};

struct toml_span toml_line_indent(const struct toml *doc, size_t line);

/* The end of the line that begins at, or goes through, `at`. */
size_t toml_line_end(const struct toml *doc, size_t at);

/* Notes the mark that the line from `line` to `end`, blank or a comment, may be. False: no memory. */
bool toml_line_mark(struct toml *doc, struct toml_marks *open, size_t line, size_t end);

/* The marked block that `at` lies inside of; NULL: none. */
const struct toml_block *toml_block_around(const struct toml *doc, size_t at);

/*
 * Where root keys go in a file that has none. `apart`: behind its first comment
 * paragraph and a blank line. Else at once behind the lines there that are for
 * tools ("#:schema"), which count only at the top, or at the very top.
 */
struct toml_top {
	size_t at;
	bool apart;
};
struct toml_top toml_top_of(const struct toml *doc);

/* The end of the blank line that begins at `line`, the start of the one that ends there; `line` if there is none. */
size_t toml_line_behind_blank(const struct toml *doc, size_t line);
size_t toml_line_before_blank(const struct toml *doc, size_t line);

/* Behind the last key of a section, or its header; the second: and behind the comment that belongs to it. */
size_t toml_section_end(const struct toml_node *section);
size_t toml_section_end_with_comment(const struct toml *doc, const struct toml_node *section);

/* ---- toml_splice.c ---- */

enum splice_kind {      /* in the order of those that begin at one place */
	SPLICE_TOP,     /* new lines at the file's top; a blank line if anything follows */
	SPLICE_LINES,   /* new lines */
	SPLICE_BLOCK,   /* new lines with a header; a blank line unless they come first */
	SPLICE_GAP,     /* a blank line that goes if nothing stands before it */
	SPLICE_REPLACE, /* a span with other text for it; both may be empty */
};

struct splice {
	size_t begin, end;     /* of the source */
	size_t text, text_len; /* in `text` of the list */
	size_t order;
	enum splice_kind kind;
};

struct splices {
	const struct toml *doc;
	const char *eol;
	struct buf text;
	struct splice *list;
	size_t count, cap;
	bool failed;
};

void toml_splices_init(struct splices *s, const struct toml *doc);
void toml_splices_release(struct splices *s);

/* The text is what was added to `s->text` since it was `text` long. */
void toml_splice(struct splices *s, enum splice_kind kind, size_t begin, size_t end, size_t text);

/* Copies the source to `out`, with the splices made. */
void toml_splices_apply(struct splices *s, struct buf *out);

#endif
