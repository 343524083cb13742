/*
 * toml: a TOML 1.0 document that can be read, and edited without being printed.
 *
 * The document belongs to its user: every byte that an edit does not concern stays as it
 * is (comments, order, quoting, line ends, a BOM, a missing last newline). So the source is
 * never printed from a tree. Parsing makes an index of spans over the source; toml_set() and
 * toml_remove() only note edits; toml_render() copies the source and inserts the new text.
 * Without an effective edit, the result is the source.
 *
 *	struct toml_error error;
 *	struct toml *doc = toml_parse(bytes, len, &error);
 *	toml_set(doc, (const char *[]){"models", "a", "size", NULL}, json, &error);
 *	toml_render(doc, &out, &error);
 *	toml_free(doc);
 *
 * How edits look:
 *  - A new value replaces only the old value; the comment after it stays. Setting the same
 *    value is not an edit.
 *  - A new key is inserted after the last key of its table, in the form and indentation of
 *    the table: a line below a [header], a dotted line for a table of dotted keys, a member
 *    inside { } for an inline table. The first key of the root is inserted after the first
 *    comment paragraph; if there is none, at the very top before a blank line, but below
 *    comments like "#:schema".
 *  - A new table becomes a [header] block, after one blank line, after the last table of
 *    its family ([models.*] stay together), or else at the end of the file. Inside an inline
 *    table it becomes an inline table.
 *  - Neither new tables nor root keys are inserted into a block marked by comments
 *    ("# BEGIN x" to "# END x", "# >>> x >>>" to "# <<< x <<<"), because the tool that
 *    marked it replaces it as a whole.
 *  - Removing a key removes its whole line. Removing a table removes its header, its keys,
 *    everything between them, one blank line before the header, and all its sub-tables
 *    anywhere in the file. Comments above a removed key or header and below the last key
 *    belong to the user and stay. If the top of the file is removed, so is the blank line
 *    after it; with the last root key below the first comment paragraph, the blank line
 *    before it.
 *  - Removing what was inserted restores the original bytes, with one exception: a header
 *    that was inserted for a table which had only sub-tables stays.
 *  - New line ends are those of the first line. The result ends with a newline if the
 *    source does, or if the source is empty.
 *
 * Nothing here prints, or knows the contents of the document. The time is linear in the
 * size of the document and the number of edits. If there is no memory, the program exits
 * (memory.h); call json_start() first, so that this is true of JSON values, too. As in the
 * rest of the tree, LC_NUMERIC must be "C".
 */
#ifndef KIMI_FORMAT_TOML_H
#define KIMI_FORMAT_TOML_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An error and its location: line and column from 1 (columns in characters), or 0. */
struct toml_error {
	size_t line;
	size_t column;
	char message[160]; /* printable ASCII */
};

enum toml_kind {
	TOML_STRING,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOLEAN,
	TOML_OFFSET_DATETIME,
	TOML_LOCAL_DATETIME,
	TOML_LOCAL_DATE,
	TOML_LOCAL_TIME,
	TOML_ARRAY, /* arrays of tables too */
	TOML_TABLE,
};

struct toml;
struct toml_node;

/*
 * Parses a copy of `len` bytes, which may contain NULs. The caller frees the document with
 * toml_free(). NULL: not TOML 1.0 in UTF-8, or nested too deep; *ret_error says which.
 */
struct toml *toml_parse(const char *bytes, size_t len, struct toml_error *ret_error);
void toml_free(struct toml *doc);

/*
 * Reading. Nodes are valid as long as the document; they show the source without edits.
 *
 * These functions accept NULL for a document or a node, and a node of another kind. Then
 * they return NULL or false.
 */
const struct toml_node *toml_root(const struct toml *doc);
const struct toml_node *toml_member(const struct toml_node *table, const char *key);
const struct toml_node *toml_get(const struct toml *doc, const char *const path[]); /* ended by NULL */
const struct toml_node *toml_first(const struct toml_node *parent); /* of a table or an array */
bool toml_is(const struct toml_node *node, enum toml_kind kind);
/*
 * The string is NUL-terminated, but can also contain NULs; *ret_len (may be NULL) is its
 * length. Line ends inside a multi-line string are those of the file.
 */
const char *toml_string(const struct toml_node *node, size_t *ret_len);

/* These need a node; those for one kind, a node of that kind. */
size_t toml_line(const struct toml *doc, const struct toml_node *node); /* of its first byte, from 1 */
bool toml_has_bom(const struct toml *doc); /* not allowed in TOML 1.0; many parsers reject it */
enum toml_kind toml_kind(const struct toml_node *node);
const struct toml_node *toml_next(const struct toml_node *node);
const char *toml_key(
    const struct toml_node *node, size_t *ret_len); /* of a member of a table; as toml_string() */
int64_t toml_integer(const struct toml_node *node);
double toml_float(const struct toml_node *node);
bool toml_boolean(const struct toml_node *node);
/* A date or time in RFC 3339 form (T between date and time), in the document's memory. */
const char *toml_datetime(const struct toml_node *node);

/*
 * Sets `path` (keys, ended by NULL) to `value`: a JSON string, integer, real, boolean, array
 * or object, which is borrowed. Creates missing tables. Several edits can be made; the last
 * one of a path counts.
 *
 * An object becomes an inline table, or replaces one. But if there is a table of another
 * form (with a header, or of dotted keys), its members are set one by one, and its other keys
 * stay.
 *
 * -1, without an effect: the path leads through an array of tables or something that is not
 * a table; a value would replace a table; the value cannot be written in TOML (null, nested
 * too deep); a key of the path is not UTF-8. *ret_error has the line if it is one of the source.
 */
int toml_set(struct toml *doc, const char *const path[], const json_t *value, struct toml_error *ret_error);

/*
 * Removes the key or table at `path`; 0 also if there is none. -1 as for toml_set().
 */
int toml_remove(struct toml *doc, const char *const path[], struct toml_error *ret_error);

/*
 * The same for a node, whose key may contain a NUL, unlike those of a path. -1 also: it is in
 * an array, or an edit has replaced a table above it.
 */
int toml_remove_node(struct toml *doc, const struct toml_node *node, struct toml_error *ret_error);

/* The edits so far change the document. */
bool toml_edited(const struct toml *doc);

/*
 * Writes the document with its edits to `ret_text` (initialised by the caller). Parses the
 * result again to check that it contains the edits and no other change; both at once would
 * need much memory, so an edited document can only be freed afterwards. -1, with nothing in
 * `ret_text`: the check failed, or the result is too long for `ret_text`.
 */
int toml_render(struct toml *doc, struct buf *ret_text, struct toml_error *ret_error);

#endif
