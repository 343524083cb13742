/*
 * text: what may be printed on a terminal or put into a header, and its width.
 *
 * Text from a server, a config or a file name can contain escape sequences and characters
 * that reorder the text around them. Only this module decides which of them reach a
 * terminal or a header.
 */
#ifndef KIMI_BASE_TEXT_H
#define KIMI_BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Adds `len` bytes of untrusted text to `out` as clean UTF-8 on one line. Line breaks and
 * tabs become spaces. Other control characters (C0, DEL, C1), bidirectional controls, line
 * separators and characters without a width are dropped. Bytes that are not UTF-8 become
 * U+FFFD.
 */
void text_clean(struct buf *out, const char *bytes, size_t len);

/* text_clean() would not change it. */
bool text_is_clean(const char *s);

/* As text_clean(), but modifies the string itself, which never grows; invalid bytes become "?". */
void text_clean_inplace(char *s);

/* Only printable ASCII (0x21 to 0x7e), as in a token, a key or an id. */
bool text_is_plain(const char *s);

/*
 * Only letters, digits and ._-/:@+, and no '-' at the start. No shell interprets any of
 * these, and no command takes the word for an option.
 */
bool text_is_shell_safe(const char *s);

/*
 * Removes from both ends: white space, line ends, a UTF-8 BOM and the marks of a bracketed
 * paste (ESC [200~ and ESC [201~).
 */
void text_trim_input(struct buf *text);

/* NULL for an empty string, for JSON. */
const char *text_or_null(const char *s);

/* "" for NULL. */
const char *text_or_empty(const char *s);

/* The text is in the list (ended by NULL). */
bool text_is_one_of(const char *s, const char *const list[]);

/* 64-bit FNV-1a: compares secrets without storing them. Does not protect a short secret. */
uint64_t text_fingerprint(const char *s);

/* The text of a server; NULL if it is NULL or contains the secret that was sent ("": none). */
const char *text_unless_secret(const char *words, const char *secret);

/*
 * Adds UTF-8 as JSON.stringify() writes it inside a string, escaped if necessary. For files
 * that must be identical to those of another program.
 */
void text_add_json(struct buf *out, const char *text, size_t len);

/*
 * Joins strings (ended by NULL) into `ret`. False: they do not fit, and ret is "". Much
 * faster than snprintf().
 */
bool text_join(char *ret, size_t size, const char *const parts[]);

/* The next character of UTF-8; moves *at past it. U+FFFD for an invalid byte. */
uint32_t text_next(const char **at, const char *end);

/*
 * Sets a UTF-8 locale for wcwidth() and libedit: that of the user, or C.UTF-8 if it is not
 * UTF-8.
 */
void text_know_characters(void);

/* The width of clean UTF-8 in terminal columns. */
size_t text_width(const char *s);

#endif
