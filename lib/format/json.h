/*
 * json: jansson, set up for this project.
 *
 * json_start() gives jansson an allocator that wipes the memory it frees, since it can
 * contain tokens, and that never returns NULL (memory.h), so no function of jansson fails
 * for lack of memory. Call it before any other function. The readers below accept a number
 * in a string, are strict about all other types, and accept a missing member.
 */
#ifndef KIMI_FORMAT_JSON_H
#define KIMI_FORMAT_JSON_H

#include "base/reason.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

void json_start(void);

/*
 * Parses exactly one JSON value in `len` bytes. Skips a byte order mark (RFC 8259 section
 * 8.1). NULL: it is invalid, and *ret_reason (may be NULL) says where and why, without
 * quoting it. More than 220,000 brackets, braces, commas and colons, or a nesting deeper
 * than 128, is rejected before it takes memory. If it contains a whole number beyond 64 bits
 * (such as a user id), all numbers become reals; json_parse_exact() fails instead. The
 * caller calls json_decref().
 */
json_t *json_parse(const char *bytes, size_t len, struct reason *ret_reason);
json_t *json_parse_exact(const char *bytes, size_t len, struct reason *ret_reason);

/* The string member, or NULL if it is missing or not a string. Borrowed. */
const char *json_text(const json_t *object, const char *name);

/*
 * Reads the number member, which may be in a string. False: it is missing, not a number,
 * or not finite.
 */
bool json_number(const json_t *object, const char *name, double *ret_number);

/* The member is true. */
bool json_flag(const json_t *object, const char *name);

/* The member counts as true in Python: it exists, and is not null, false, 0 or empty. */
bool json_truth(const json_t *object, const char *name);

/*
 * An integer if the number is whole and fits, as other readers of our files expect, else
 * a real. null if it is not finite.
 */
json_t *json_from_number(double number);

/*
 * A string without control characters. Texts that were cut or come from outside can be
 * invalid UTF-8, which a JSON string cannot hold.
 */
json_t *json_from_text(const char *text);

/*
 * The value as text on one line; the caller wipes and frees it. NULL: it cannot be
 * written, such as an infinite real.
 */
char *json_print(const json_t *value);

/* The same with at most 15 digits for a real, so that 0.27 stays 0.27; for output. */
char *json_print_short(const json_t *value);

#endif
