/*
 * fields: which headers of a request and of its answer are passed on.
 */
#ifndef KIMI_PROXY_FIELDS_H
#define KIMI_PROXY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

/* A header, borrowed. Of several with one name each is one. */
struct field {
	const char *name, *value;
};

/* The value of the first field of that name (in any case), NULL if there is none; and how many there are. */
const char *fields_find(const struct field *fields, size_t count, const char *name);
size_t fields_count(const struct field *fields, size_t count, const char *name);

/* The comma-separated list (RFC 9110 section 5.6.1) has this token, in any case. */
bool field_lists(const char *value, const char *token);

/* The name is a token (RFC 9110 section 5.6.2) and the value has no control characters but tabs. */
bool field_is_valid(const struct field *field);

/*
 * Whether field `index` of a request goes to the server as it is. Hop-by-hop
 * fields do not (RFC 9110 section 7.6.1, those that Connection names included),
 * nor what the proxy replaces: Host, Content-Length, Expect, Authorization,
 * x-api-key and cookies.
 */
bool fields_pass_up(const struct field *fields, size_t count, size_t index);

/* The same for a field of an answer on its way to the client; Content-Length is the relay's. */
bool fields_pass_down(const struct field *fields, size_t count, size_t index);

#endif
