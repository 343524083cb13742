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

enum { FIELDS_MAX = 256 };

/*
 * Parses the header lines of a response, separated by "\r\n", in place, and returns how many there are.
 * Those that are no header are left out, and so are those after FIELDS_MAX. A value of several lines
 * becomes one of one line, and a tab in it a space: libmicrohttpd takes none.
 */
size_t fields_parse(char *lines, struct field ret_fields[FIELDS_MAX]);

/* The value of the first field of that name (in any case), NULL if there is none; and how many there are. */
const char *fields_find(const struct field *fields, size_t count, const char *name);
size_t fields_count(const struct field *fields, size_t count, const char *name);

/* Returns whether the comma-separated list (RFC 9110 section 5.6.1) has this token, in any case. */
bool field_lists(const char *value, const char *token);

/* The name is a token (RFC 9110 section 5.6.2), and the value has no control characters but tabs. */
bool field_is_valid(const struct field *field);

/*
 * Returns whether field `index` of a request is passed to the server unchanged.
 * Dropped are hop-by-hop fields (RFC 9110 section 7.6.1, also those that Connection
 * names), cookies, and what the proxy sets itself: Host, Content-Length, Expect,
 * Authorization and x-api-key.
 */
bool fields_pass_up(const struct field *fields, size_t count, size_t index);

/* The same for a field of a response on its way to the client; the relay sets Content-Length. */
bool fields_pass_down(const struct field *fields, size_t count, size_t index);

#endif
