/*
 * json: jansson, held the way this project needs it.
 *
 * json_start() gives jansson an allocator that wipes what it frees, since
 * tokens pass through it, and that never fails: without memory the program ends
 * (memory.h), so no call of jansson's returns NULL for want of it. Call it
 * before anything else of JSON. Readers below are lenient about a number written
 * as a string and strict about all else, and never follow a member that is not
 * there.
 */
#ifndef KIMI_FORMAT_JSON_H
#define KIMI_FORMAT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

void json_start(void);

/*
 * Parses exactly one JSON value in `len` bytes. A byte order mark before it is
 * skipped (RFC 8259 section 8.1). NULL: it is none; `ret_why`
 * (`size` bytes) says where and why, without a byte of the text itself. More than
 * 220,000 brackets, braces, commas and colons, or a nesting deeper than 128, is
 * refused before it takes memory. If there is a whole number beyond 64 bits in it
 * (a user's id, say), all numbers are read as reals; json_parse_exact() takes
 * that for an error.
 */
json_t *json_parse(const char *bytes, size_t len, char *ret_why, size_t size);
json_t *json_parse_exact(const char *bytes, size_t len, char *ret_why, size_t size);

/* The string member, or NULL if it is absent or no string. Borrowed. */
const char *json_text(const json_t *object, const char *name);

/* The number member, or one written as a string, into *ret_number; false if there is none, or it is not finite. */
bool json_number(const json_t *object, const char *name, double *ret_number);

/* The member is there and true. */
bool json_flag(const json_t *object, const char *name);

/* The member counts as true in Python: it is there, and neither null, false, 0 nor empty. */
bool json_truth(const json_t *object, const char *name);

/* A whole number if the double is one that fits, else a real: what other readers of our files expect to see. null if it is not finite. */
json_t *json_from_number(double number);

/* The value as text on one line; the caller wipes and frees it. NULL: it is no JSON (a real that is not finite, say). */
char *json_print(const json_t *value);

/* The same for output: a real has at most 15 digits, so that 0.27 stays 0.27. */
char *json_print_short(const json_t *value);

#endif
