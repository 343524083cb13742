/*
 * toml: a TOML 1.0 document that can be read, and edited without being printed.
 *
 * The document belongs to its user: every byte that an edit does not concern
 * stays as it is (comments, order, quoting, line ends, a BOM, a missing last
 * newline). So the source text is never changed and never printed back from a
 * tree. Parsing makes an index of spans over the source; toml_set() and
 * toml_remove() only note what is wanted; toml_render() copies the source and
 * the new text in one pass. Without an effective edit the result is the source.
 *
 *	struct toml_error error;
 *	struct toml *doc = toml_parse(bytes, len, &error);
 *	toml_set(doc, (const char *[]){"models", "a", "size", NULL}, json, &error);
 *	toml_render(doc, &out, &error);
 *	toml_free(doc);
 *
 * How edits look:
 *  - A new value takes the place of the old value alone; the comment behind it
 *    stays. A value that is already the same is not an edit.
 *  - A new key stands after the last key of its table, in the table's own form
 *    and indentation: a line under a [header], a dotted line where the table is
 *    made of dotted keys, a member inside { } where it is an inline table. The
 *    first key of the root goes behind the first comment paragraph, else to the
 *    very top, before a blank line, but below comments like "#:schema".
 *  - A table that is not there yet becomes a [header] block, after one blank
 *    line, behind the last table of its family ([models.*] stay together), else
 *    at the end of the file; inside an inline table it becomes an inline table.
 *  - Neither new tables nor root keys stand inside a block that comments mark
 *    ("# BEGIN x" to "# END x", "# >>> x >>>" to "# <<< x <<<"): the tool that
 *    marked it replaces it whole.
 *  - A removed key takes its whole line with it, a removed table its header, its
 *    keys, what stands between them, one blank line before the header, and all
 *    its sub-tables wherever they lie. Comments above a removed key or header
 *    and below the last key stay: they are the user's. What stood at the file's
 *    very top takes the blank line behind it along, the last root key below the
 *    first comment paragraph the one before it.
 *  - To remove what was inserted gives back the very bytes from before. (One
 *    thing is left: the header that a key brought for a table which had none
 *    and was there only because of its sub-tables.)
 *  - Line ends are the file's own (those of its first line); the file ends with
 *    a newline exactly if it did so before (a new or empty file does).
 *
 * Nothing here prints, or knows what the document is about. All of it is linear
 * in the size of the document and the number of edits.
 */
#ifndef KIMI_FORMAT_TOML_H
#define KIMI_FORMAT_TOML_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where and why something failed; line and column count from 1 (columns in characters), 0 where no place applies. */
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
 * Parses `len` bytes (they are copied; any bytes are safe, NUL included). The
 * caller frees the document with toml_free(). NULL: not TOML 1.0 in UTF-8, too
 * deep, or no memory; *ret_error tells.
 */
struct toml *toml_parse(const char *bytes, size_t len, struct toml_error *ret_error);
void toml_free(struct toml *doc);

/*
 * Reading. Nodes belong to the document and live as long as it does; they show
 * the source, without the edits noted since. Each accessor takes a node of its
 * own kind only.
 */
const struct toml_node *toml_root(const struct toml *doc);
size_t toml_line(const struct toml *doc, const struct toml_node *node); /* where it begins, from 1 */
bool toml_has_bom(const struct toml *doc); /* which TOML 1.0 does not know, and many readers refuse */
enum toml_kind toml_kind(const struct toml_node *node);
const struct toml_node *toml_member(const struct toml_node *table, const char *key); /* NULL: none */
const struct toml_node *toml_get(const struct toml *doc, const char *const path[]);  /* path ends with NULL */
const struct toml_node *toml_first(const struct toml_node *parent); /* of a table or an array */
const struct toml_node *toml_next(const struct toml_node *node);
/* Texts end with a NUL too; ret_len may be NULL where a text with a NUL inside is as good as none. */
const char *toml_key(const struct toml_node *node, size_t *ret_len); /* of a member of a table */
/* Line ends inside a multi-line string are those of the file, CRLF too. */
const char *toml_string(const struct toml_node *node, size_t *ret_len);
int64_t toml_integer(const struct toml_node *node);
double toml_float(const struct toml_node *node);
bool toml_boolean(const struct toml_node *node);
/* A date or time in RFC 3339 form (T between date and time), in the document's memory. */
const char *toml_datetime(const struct toml_node *node);

/*
 * Notes that `path` (keys, ended by NULL) shall have `value`: a JSON string,
 * integer, real, boolean, array or object. Tables missing on the way are made.
 * The value is borrowed for the call only. Edits add up: the last one on a path
 * counts, whatever was noted before.
 *
 * An object becomes an inline table, in place of another inline table too; but
 * where a table of another form stands (with a header, or of dotted keys), its
 * members are set one by one and the keys it does not name stay.
 *
 * -1, and nothing noted: the path crosses something that is no table, or an
 * array of tables; a table stands where a value shall; the value cannot be
 * written in TOML (null, NaN, bytes that are not UTF-8, too deep). *ret_error
 * names the line, if it is one of the source. -1 also: no memory; the document
 * is good for nothing but toml_free() then.
 */
int toml_set(struct toml *doc, const char *const path[], const json_t *value, struct toml_error *ret_error);

/*
 * Notes that the key or table at `path` shall go. 0 also when there is none.
 * -1 as for toml_set().
 */
int toml_remove(struct toml *doc, const char *const path[], struct toml_error *ret_error);

/*
 * The same for a member of a table of the source, whose key may hold a NUL, which
 * no path can name. -1 also: it lies in an array, or an edit has replaced a table
 * above it.
 */
int toml_remove_node(struct toml *doc, const struct toml_node *node, struct toml_error *ret_error);

/* True if the edits noted so far change anything. */
bool toml_edited(const struct toml *doc);

/*
 * Writes the document with its edits to `ret_text` (initialised by the caller).
 * The result has been parsed once more and compared: it holds what the edits
 * asked for and nothing else has changed. -1, and nothing in `ret_text`: it
 * would not, or it is longer than `ret_text` may be, or no memory.
 */
int toml_render(struct toml *doc, struct buf *ret_text, struct toml_error *ret_error);

#endif
