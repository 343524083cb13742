#include "format/toml_internal.h"

#include <string.h>

/* Decodes a string; the result is never longer than its source. */
struct decode {
	const char *from, *end;
	char *to;
	bool multi;
};

int toml_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void put_utf8(struct decode *d, uint32_t c)
{
	if (c < 0x80) {
		*d->to++ = (char)c;
		return;
	}
	if (c < 0x800) {
		*d->to++ = (char)(0xC0 | c >> 6);
	} else if (c < 0x10000) {
		*d->to++ = (char)(0xE0 | c >> 12);
		*d->to++ = (char)(0x80 | (c >> 6 & 0x3F));
	} else {
		*d->to++ = (char)(0xF0 | c >> 18);
		*d->to++ = (char)(0x80 | (c >> 12 & 0x3F));
		*d->to++ = (char)(0x80 | (c >> 6 & 0x3F));
	}
	*d->to++ = (char)(0x80 | (c & 0x3F));
}

static const char *unicode_escape(struct decode *d, size_t digits)
{
	uint32_t c = 0;

	if ((size_t)(d->end - d->from) < digits)
		return "this escape needs more hexadecimal digits";
	for (size_t i = 0; i < digits; i++) {
		int digit = toml_hex_digit(d->from[i]);
		if (digit < 0)
			return "this escape needs more hexadecimal digits";
		c = c << 4 | (uint32_t)digit;
	}
	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return "this escape is not a Unicode character";
	d->from += digits;
	put_utf8(d, c);
	return NULL;
}

static bool string_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A backslash at the end of a line removes all blanks and line ends after it. */
static bool line_ending_backslash(struct decode *d)
{
	const char *at = d->from;

	while (at < d->end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	if (at == d->end || *at != '\n')
		return false;
	while (at < d->end && string_blank(*at))
		at++;
	d->from = at;
	return true;
}

/* d->from is after the backslash. */
static const char *string_escape(struct decode *d)
{
	static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";

	if (d->multi && line_ending_backslash(d))
		return NULL;
	char c = '\0';
	if (d->from < d->end)
		c = *d->from++;
	if (c == 'u' || c == 'U')
		return unicode_escape(d, c == 'u' ? 4 : 8);
	const char *name = c ? strchr(names, c) : NULL;
	if (!name)
		return "unknown escape sequence";
	*d->to++ = values[name - names];
	return NULL;
}

static const char *decode_basic(struct decode *d, const char **ret_at)
{
	while (d->from < d->end) {
		const char *at = d->from++;
		if (*at != '\\') {
			*d->to++ = *at;
			continue;
		}
		const char *reason = string_escape(d);
		if (reason) {
			*ret_at = at;
			return reason;
		}
	}
	return NULL;
}

const char *toml_string_read(
    struct toml *doc, struct toml_token token, struct toml_text *ret_text, size_t *ret_at)
{
	bool multi = token.kind == TOML_TOKEN_MULTI_BASIC || token.kind == TOML_TOKEN_MULTI_LITERAL;
	size_t quotes = multi ? 3 : 1, begin = token.begin + quotes, end = token.end - quotes;
	const char *reason = NULL, *at = NULL;

	if (multi && begin < end && doc->text[begin] == '\r')
		begin++;
	if (multi && begin < end && doc->text[begin] == '\n')
		begin++;
	char *text = toml_copy(doc, doc->text + begin, end - begin);
	struct decode d = {.from = doc->text + begin, .end = doc->text + end, .to = text, .multi = multi};
	if (token.kind == TOML_TOKEN_BASIC || token.kind == TOML_TOKEN_MULTI_BASIC) {
		reason = decode_basic(&d, &at);
		if (reason)
			*ret_at = (size_t)(at - doc->text);
	} else {
		d.to += end - begin;
	}
	*d.to = '\0';
	*ret_text = (struct toml_text){text, (size_t)(d.to - text)};
	return reason;
}

const char *toml_string_key(
    struct toml *doc, struct toml_token token, struct toml_text *ret_key, size_t *ret_at)
{
	*ret_at = token.begin;
	if (token.kind == TOML_TOKEN_BASIC || token.kind == TOML_TOKEN_LITERAL)
		return toml_string_read(doc, token, ret_key, ret_at);
	*ret_key = (struct toml_text){doc->text + token.begin, token.end - token.begin};
	return NULL;
}
