#include "format/toml_internal.h"

#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 character at `text`; 0: it is invalid. `len` is not 0. */
static size_t toml_utf8_len(const char *text, size_t len)
{
	const char *at = text;

	/* text_next() reads U+FFFD, which has three bytes itself, for an invalid byte. */
	if (text_next(&at, text + len) == 0xFFFD && at == text + 1)
		return 0;
	return (size_t)(at - text);
}

bool toml_utf8_valid(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = toml_utf8_len(text + at, len - at);
		if (!n)
			return false;
	}
	return true;
}

/*
 * Neither strings nor comments may contain control characters, and nothing else in
 * TOML does. So check all bytes once, before parsing.
 */
size_t toml_scan_check(const char *text, size_t len, const char **ret_reason)
{
	for (size_t at = 0, n; at < len; at += n) {
		unsigned char c = (unsigned char)text[at];
		n = toml_utf8_len(text + at, len - at);
		if (!n) {
			*ret_reason = "not valid UTF-8";
			return at;
		}
		if (c == '\r' && (at + 1 == len || text[at + 1] != '\n')) {
			*ret_reason = "a carriage return without a line feed after it";
			return at;
		}
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
			*ret_reason = "a control character is not allowed here";
			return at;
		}
	}
	return len;
}

static bool bare_char(char c, enum toml_scan_mode mode)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	    c == '-')
		return true;
	return mode == TOML_SCAN_VALUE && (c == '+' || c == '.' || c == ':');
}

static bool digit_at(const struct toml_scan *s, size_t at)
{
	return at < s->len && s->text[at] >= '0' && s->text[at] <= '9';
}

/* A date and a time may be separated by one space, the only blank inside a bare value. */
static bool date_before_time(const struct toml_scan *s, size_t begin)
{
	static const char shape[] = "0000-00-00";

	if (s->at - begin != sizeof(shape) - 1 || s->at >= s->len || s->text[s->at] != ' ')
		return false;
	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == '0' ? !digit_at(s, begin + i) : s->text[begin + i] != shape[i])
			return false;
	}
	return digit_at(s, s->at + 1);
}

static enum toml_token_kind scan_bare(struct toml_scan *s, enum toml_scan_mode mode)
{
	size_t begin = s->at;

	while (s->at < s->len && bare_char(s->text[s->at], mode))
		s->at++;
	if (mode == TOML_SCAN_VALUE && date_before_time(s, begin)) {
		s->at++;
		while (s->at < s->len && bare_char(s->text[s->at], mode))
			s->at++;
	}
	return TOML_TOKEN_BARE;
}

static enum toml_token_kind scan_line_string(struct toml_scan *s, char quote)
{
	for (s->at++; s->at < s->len && s->text[s->at] != '\n'; s->at++) {
		if (s->text[s->at] == quote) {
			s->at++;
			if (quote == '"')
				return TOML_TOKEN_BASIC;
			return TOML_TOKEN_LITERAL;
		}
		if (quote == '"' && s->text[s->at] == '\\' && s->at + 1 < s->len &&
		    s->text[s->at + 1] != '\n')
			s->at++;
	}
	s->reason = "this string is not closed on its line";
	return TOML_TOKEN_BAD;
}

static size_t count_quotes(const struct toml_scan *s, char quote)
{
	size_t n = 0;

	while (s->at + n < s->len && s->text[s->at + n] == quote)
		n++;
	return n;
}

/* Up to two quotes can precede the closing three. */
static enum toml_token_kind scan_multi_string(struct toml_scan *s, char quote)
{
	for (s->at += 3; s->at < s->len; s->at++) {
		if (quote == '"' && s->text[s->at] == '\\') {
			s->at++;
			continue;
		}
		size_t quotes = count_quotes(s, quote);
		if (quotes >= 3) {
			s->at += quotes < 5 ? quotes : 5;
			if (quote == '"')
				return TOML_TOKEN_MULTI_BASIC;
			return TOML_TOKEN_MULTI_LITERAL;
		}
		if (quotes)
			s->at += quotes - 1;
	}
	s->at = s->len; /* a backslash at the end was skipped with the byte after it */
	s->reason = "this string is not closed";
	return TOML_TOKEN_BAD;
}

static enum toml_token_kind scan_mark(struct toml_scan *s)
{
	static const enum toml_token_kind kinds[UCHAR_MAX + 1] = {
	    ['='] = TOML_TOKEN_EQUALS,
	    [','] = TOML_TOKEN_COMMA,
	    ['.'] = TOML_TOKEN_DOT,
	    ['['] = TOML_TOKEN_OPEN_BRACKET,
	    [']'] = TOML_TOKEN_CLOSE_BRACKET,
	    ['{'] = TOML_TOKEN_OPEN_BRACE,
	    ['}'] = TOML_TOKEN_CLOSE_BRACE,
	};
	enum toml_token_kind kind = kinds[(unsigned char)s->text[s->at++]];

	if (kind != TOML_TOKEN_END)
		return kind;
	s->reason = "unexpected character";
	return TOML_TOKEN_BAD;
}

static void skip_blanks(struct toml_scan *s)
{
	while (s->at < s->len && (s->text[s->at] == ' ' || s->text[s->at] == '\t'))
		s->at++;
	if (s->at < s->len && s->text[s->at] == '#') {
		const char *eol = memchr(s->text + s->at, '\n', s->len - s->at);
		s->at = eol ? (size_t)(eol - s->text) : s->len;
		if (eol && s->text[s->at - 1] == '\r')
			s->at--;
	}
}

static enum toml_token_kind scan_kind(struct toml_scan *s, enum toml_scan_mode mode)
{
	if (s->at >= s->len)
		return TOML_TOKEN_END;
	char c = s->text[s->at];
	if (c == '\n' || c == '\r') {
		s->at += c == '\r' ? 2 : 1; /* toml_scan_check() has checked for the line feed */
		return TOML_TOKEN_NEWLINE;
	}
	if (bare_char(c, mode))
		return scan_bare(s, mode);
	if (c == '"' || c == '\'')
		return mode == TOML_SCAN_VALUE && count_quotes(s, c) >= 3 ? scan_multi_string(s, c)
		                                                          : scan_line_string(s, c);
	return scan_mark(s);
}

struct toml_token toml_scan(struct toml_scan *s, enum toml_scan_mode mode)
{
	struct toml_token token;

	skip_blanks(s);
	token.begin = s->at;
	token.kind = scan_kind(s, mode);
	token.end = s->at;
	return token;
}

void toml_error_at(struct toml_error *error, const struct toml *doc, size_t offset, const char *message)
{
	size_t begin = doc->body;

	error->line = error->column = 1;
	for (size_t i = doc->body; i < offset && i < doc->len; i++) {
		if (doc->text[i] == '\n') {
			error->line++;
			begin = i + 1;
		}
	}
	for (size_t i = begin; i < offset && i < doc->len; i++)
		error->column += ((unsigned char)doc->text[i] & 0xC0) != 0x80;
	snprintf(error->message, sizeof(error->message), "%s", message);
}

int toml_error_nowhere(struct toml_error *error, const char *message)
{
	error->line = error->column = 0;
	snprintf(error->message, sizeof(error->message), "%s", message);
	return -1;
}
