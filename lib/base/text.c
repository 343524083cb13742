#include "base/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { REPLACEMENT = 0xfffd };

/* The number of bytes after the first one; -1: it cannot be a first byte. */
static int text_following(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c >= 0xc2 && c <= 0xdf)
		return 1;
	if (c >= 0xe0 && c <= 0xef)
		return 2;
	if (c >= 0xf0 && c <= 0xf4)
		return 3;
	return -1;
}

uint32_t text_next(const char **at, const char *end)
{
	static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)*at;
	int more = text_following(*s);

	(*at)++;
	if (more <= 0)
		return more < 0 ? REPLACEMENT : *s;
	if (end - (const char *)s <= more)
		return REPLACEMENT;
	uint32_t c = *s & (0x3fu >> more);
	for (int i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < smallest[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return REPLACEMENT;
	*at += more;
	return c;
}

/*
 * Control and invisible characters: bidirectional controls, line separators, tags, and
 * all that Unicode calls Default_Ignorable_Code_Point.
 */
static bool is_dropped(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160},
	    {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	    {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
	    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

bool text_is_clean(const char *s)
{
	const char *end = s + strlen(s);

	while (s < end) {
		const char *start = s;
		uint32_t c = text_next(&s, end);
		if (is_dropped(c) || (c == REPLACEMENT && s == start + 1))
			return false;
	}
	return true;
}

void text_clean(struct buf *out, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	for (const char *at = bytes; at < end;) {
		const char *start = at;
		uint32_t c = text_next(&at, end);
		if (c == '\n' || c == '\t' || c == '\r')
			buf_addch(out, ' ');
		else if (c == REPLACEMENT && at == start + 1)
			buf_addstr(out, "\xef\xbf\xbd");
		else if (!is_dropped(c))
			buf_add(out, start, (size_t)(at - start));
	}
}

void text_clean_inplace(char *s)
{
	const char *end = s + strlen(s);
	char *to = s;

	for (const char *at = s; at < end;) {
		const char *start = at;
		uint32_t c = text_next(&at, end);
		size_t len = (size_t)(at - start);
		if (c == '\n' || c == '\t' || c == '\r') {
			*to++ = ' ';
		} else if (c == REPLACEMENT && len == 1) {
			*to++ = '?';
		} else if (!is_dropped(c)) {
			memmove(to, start, len);
			to += len;
		}
	}
	*to = '\0';
}

const char *text_or_null(const char *s)
{
	if (!*s)
		return NULL;
	return s;
}

const char *text_or_empty(const char *s)
{
	if (!s)
		return "";
	return s;
}

const char *text_unless_secret(const char *words, const char *secret)
{
	if (words && *secret && strstr(words, secret))
		return NULL;
	return words;
}

void text_add_json(struct buf *out, const char *text, size_t len)
{
	static const char bytes[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";

	for (const char *at = text; at < text + len; at++) {
		const char *short_one = *at ? strchr(bytes, *at) : NULL;
		if (short_one)
			buf_addf(out, "\\%c", letters[short_one - bytes]);
		else if ((unsigned char)*at < 0x20)
			buf_addf(out, "\\u%04x", (unsigned char)*at);
		else
			buf_addch(out, *at);
	}
}

bool text_join(char *ret, size_t size, const char *const parts[])
{
	size_t len = 0;

	for (; *parts; parts++) {
		size_t n = strlen(*parts);
		if (n >= size - len) {
			*ret = '\0';
			return false;
		}
		memcpy(ret + len, *parts, n);
		len += n;
	}
	ret[len] = '\0';
	return true;
}

bool text_is_plain(const char *s)
{
	for (; *s; s++)
		if (*s < 0x21 || *s > 0x7e)
			return false;
	return true;
}

bool text_is_shell_safe(const char *s)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@+";

	return *s && *s != '-' && !s[strspn(s, safe)];
}

/* The length of the mark that `s` begins or ends with, or 0. */
static size_t input_mark(const char *s, size_t len, bool at_end)
{
	static const char *const marks[] = {" ", "\t", "\r", "\n", "\xef\xbb\xbf", "\033[200~", "\033[201~"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		size_t n = strlen(marks[i]);
		if (n <= len && memcmp(at_end ? s + len - n : s, marks[i], n) == 0)
			return n;
	}
	return 0;
}

void text_trim_input(struct buf *text)
{
	size_t start = 0, n;

	while ((n = input_mark(text->data, text->len, true)))
		buf_truncate(text, text->len - n);
	while ((n = input_mark(text->data + start, text->len - start, false)))
		start += n;
	if (start) {
		memmove(text->data, text->data + start, text->len - start);
		buf_truncate(text, text->len - start);
	}
}

bool text_is_one_of(const char *s, const char *const list[])
{
	for (; *list; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

uint64_t text_fingerprint(const char *s)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
	return hash;
}

void text_know_characters(void)
{
	static bool known;

	if (known)
		return;
	known = true;
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

size_t text_width(const char *s)
{
	const char *end = s + strlen(s);
	size_t width = 0;

	text_know_characters();
	while (s < end) {
		int columns = wcwidth((wchar_t)text_next(&s, end));
		width += columns > 0 ? (size_t)columns : 0;
	}
	return width;
}
