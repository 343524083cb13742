/*
 * text: what a terminal may be shown or a header carry, and how wide it is there.
 *
 * Text from a server, a config or a file name can hold escape sequences and
 * characters that reorder what stands around them. This is the one place that
 * decides what of it reaches a terminal or a header.
 */
#ifndef KIMI_BASE_TEXT_H
#define KIMI_BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Adds `len` bytes of untrusted text to `out` as clean UTF-8 on one line: line
 * breaks and tabs become spaces, other control characters (C0, DEL, C1),
 * bidirectional controls, line separators and characters without a width are
 * dropped, bytes that are not UTF-8 become U+FFFD.
 */
void text_clean(struct buf *out, const char *bytes, size_t len);

/* text_clean() would leave it as it is. */
bool text_is_clean(const char *s);

/* The same within an array: cleaned in place, cut to fit, always ended. Never grows. */
void text_clean_inplace(char *s);

/* Printable ASCII only (0x21 to 0x7e): what a token, a key or an id may be made of. */
bool text_is_plain(const char *s);

/*
 * Letters, digits and ._-/:@+ only, and no '-' at the start: no shell takes any of
 * these for its own, quoted or not, and no command takes the word for an option.
 */
bool text_is_shell_safe(const char *s);

/*
 * Removes from both ends what comes with pasted or redirected text: blanks, line
 * ends, a UTF-8 BOM and the marks of a bracketed paste (ESC [200~ and ESC [201~).
 */
void text_trim_input(struct buf *text);

/* 64-bit FNV-1a: tells whether two secrets are the same without keeping either; no protection for a short one. */
uint64_t text_fingerprint(const char *s);

/* What a server said, or NULL where that is nothing or repeats the secret that it was sent ("": none was). */
const char *text_unless_secret(const char *words, const char *secret);

/*
 * How JSON.stringify() writes a byte of UTF-8 inside a string: as it is, or
 * escaped. For files that must come out byte for byte as another program writes them.
 */
enum { TEXT_JSON_BYTE_MAX = 7 };
void text_json_byte(char byte, char ret_json[TEXT_JSON_BYTE_MAX]);

/* Joins parts (ended by NULL) into `ret`. False: it does not fit, and ret is "". Far cheaper than a printf. */
bool text_join(char *ret, size_t size, const char *const parts[]);

/* The next character of UTF-8; *at moves past it. U+FFFD for a byte that starts none. */
uint32_t text_next(const char **at, const char *end);

/*
 * From here on libc knows the characters: wcwidth() and libedit do only in a
 * UTF-8 locale, and a user in the C locale gets its UTF-8 twin.
 */
void text_know_characters(void);

/* Terminal columns that clean UTF-8 takes. */
size_t text_width(const char *s);

#endif
