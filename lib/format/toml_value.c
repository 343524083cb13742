#include "format/toml_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- dates and times ---- */

/* A cursor over a bare value. */
struct bare {
	const char *at, *end;
};

static bool value_take(struct bare *b, char c)
{
	if (b->at == b->end || *b->at != c)
		return false;
	b->at++;
	return true;
}

static bool is_digit(const struct bare *b, size_t ahead)
{
	return (size_t)(b->end - b->at) > ahead && b->at[ahead] >= '0' && b->at[ahead] <= '9';
}

/* Reads exactly `count` digits. -1: they are not digits, or the number is not in [low, high]. */
static int take_number(struct bare *b, size_t count, int low, int high)
{
	int number = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_digit(b, 0))
			return -1;
		number = number * 10 + (*b->at++ - '0');
	}
	if (number < low || number > high)
		return -1;
	return number;
}

static bool take_date(struct bare *b)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	int year = take_number(b, 4, 0, 9999);
	if (year < 0 || !value_take(b, '-'))
		return false;
	int month = take_number(b, 2, 1, 12);
	if (month < 1 || !value_take(b, '-'))
		return false;
	int day = take_number(b, 2, 1, days[month - 1]);
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day > 0 && (month != 2 || day < 29 || leap);
}

static bool take_time(struct bare *b)
{
	/* A second of 60 is a leap second. */
	if (take_number(b, 2, 0, 23) < 0 || !value_take(b, ':') || take_number(b, 2, 0, 59) < 0 ||
	    !value_take(b, ':') || take_number(b, 2, 0, 60) < 0)
		return false;
	if (!value_take(b, '.'))
		return true;
	if (!is_digit(b, 0))
		return false;
	while (is_digit(b, 0))
		b->at++;
	return true;
}

static bool take_offset(struct bare *b)
{
	if (value_take(b, 'Z') || value_take(b, 'z'))
		return true;
	return (value_take(b, '+') || value_take(b, '-')) && take_number(b, 2, 0, 23) >= 0 &&
	       value_take(b, ':') && take_number(b, 2, 0, 59) >= 0;
}

static bool take_datetime(struct bare *b, enum toml_kind *ret_kind)
{
	if (is_digit(b, 2)) { /* not a time, which has a colon here */
		*ret_kind = TOML_LOCAL_DATE;
		if (!take_date(b))
			return false;
		if (b->at == b->end)
			return true;
		if (!value_take(b, 'T') && !value_take(b, 't') && !value_take(b, ' '))
			return false;
		*ret_kind = TOML_LOCAL_DATETIME;
		if (!take_time(b))
			return false;
		if (b->at == b->end)
			return true;
		*ret_kind = TOML_OFFSET_DATETIME;
		return take_offset(b) && b->at == b->end;
	}
	*ret_kind = TOML_LOCAL_TIME;
	return take_time(b) && b->at == b->end;
}

static const char *read_datetime(struct toml *doc, struct bare b, struct toml_node *node)
{
	enum toml_kind kind;
	size_t len = (size_t)(b.end - b.at);
	char *text = toml_copy(doc, b.at, len);

	if (!take_datetime(&b, &kind))
		return "this date or time does not exist";
	for (size_t i = 0; i < len; i++) {
		if (text[i] == 't' || text[i] == ' ')
			text[i] = 'T';
		else if (text[i] == 'z')
			text[i] = 'Z';
	}
	node->kind = (uint8_t)kind;
	node->u.string = (struct toml_text){text, len};
	return NULL;
}

/* ---- numbers ---- */

static bool digit_of(char c, int base)
{
	int digit = toml_hex_digit(c);

	return digit >= 0 && digit < base;
}

/* Copies digits of `base` to `to`, without underscores, which must be between two digits. */
static size_t take_digits(struct bare *b, int base, char *to)
{
	size_t count = 0;

	while (b->at < b->end && digit_of(*b->at, base)) {
		to[count++] = *b->at++;
		if (b->end - b->at >= 2 && *b->at == '_' && digit_of(b->at[1], base))
			b->at++;
	}
	return count;
}

struct digits {
	const char *text;
	size_t count;
	int base;
	bool negative;
};

static bool to_integer(const struct digits *d, int64_t *ret_number)
{
	int64_t number = 0; /* negative, because INT64_MIN has no positive counterpart */

	for (size_t i = 0; i < d->count; i++) {
		int digit = toml_hex_digit(d->text[i]);
		if (number < (INT64_MIN + digit) / d->base)
			return false;
		number = number * d->base - digit;
	}
	if (!d->negative && number == INT64_MIN)
		return false;
	*ret_number = number;
	if (!d->negative)
		*ret_number = -number;
	return true;
}

static const char *integer_result(struct toml_node *node, struct digits digits)
{
	node->kind = TOML_INTEGER;
	if (!to_integer(&digits, &node->u.integer))
		return "this integer does not fit in 64 bits";
	return NULL;
}

static const char bad_value[] = "this is not a value; a string needs quotes";
static const char bad_number[] = "this is not a valid number";

/* Reads what follows the sign; `text` is large enough for the whole number. */
static const char *read_decimal(struct bare b, bool negative, char *text, struct toml_node *node)
{
	size_t len = 0, integer = take_digits(&b, 10, text);

	if (!integer || (integer > 1 && text[0] == '0'))
		return bad_number;
	if (b.at == b.end)
		return integer_result(node, (struct digits){text, integer, 10, negative});
	len = integer;
	if (value_take(&b, '.')) {
		text[len++] = '.';
		size_t fraction = take_digits(&b, 10, text + len);
		if (!fraction)
			return bad_number;
		len += fraction;
	}
	if (value_take(&b, 'e') || value_take(&b, 'E')) {
		text[len++] = 'e';
		if (value_take(&b, '-'))
			text[len++] = '-';
		else
			value_take(&b, '+');
		size_t exponent = take_digits(&b, 10, text + len);
		if (!exponent)
			return bad_number;
		len += exponent;
	}
	node->kind = TOML_FLOAT;
	if (b.at != b.end)
		return bad_number;
	text[len] = '\0';
	node->u.real = strtod(text, NULL);
	if (negative)
		node->u.real = -node->u.real;
	return NULL;
}

static const char *read_prefixed(struct bare b, int base, char *text, struct toml_node *node)
{
	b.at += 2;
	size_t count = take_digits(&b, base, text);
	if (!count || b.at != b.end)
		return bad_number;
	return integer_result(node, (struct digits){text, count, base, false});
}

static bool rest_is(struct bare b, const char *word)
{
	return (size_t)(b.end - b.at) == strlen(word) && !memcmp(b.at, word, strlen(word));
}

static const char *read_number(struct toml *doc, struct bare b, struct toml_node *node)
{
	char *text = toml_copy(doc, b.at, (size_t)(b.end - b.at));
	bool is_signed = *b.at == '-' || *b.at == '+', negative = *b.at == '-';

	b.at += is_signed;
	if (rest_is(b, "inf") || rest_is(b, "nan")) {
		node->kind = TOML_FLOAT;
		node->u.real = rest_is(b, "nan") ? NAN : negative ? -INFINITY : INFINITY;
		return NULL;
	}
	if (!is_digit(&b, 0))
		return bad_value;
	if (!is_signed && b.end - b.at > 2 && *b.at == '0') {
		int base = b.at[1] == 'x' ? 16 : b.at[1] == 'o' ? 8 : b.at[1] == 'b' ? 2 : 0;
		if (base)
			return read_prefixed(b, base, text, node);
	}
	return read_decimal(b, negative, text, node);
}

static const char *read_bare(struct toml *doc, struct bare b, struct toml_node *node)
{
	size_t len = (size_t)(b.end - b.at);

	if (rest_is(b, "true") || rest_is(b, "false")) {
		node->kind = TOML_BOOLEAN;
		node->u.boolean = len == 4;
		return NULL;
	}
	if (is_digit(&b, 0) && is_digit(&b, 1) &&
	    ((len > 2 && b.at[2] == ':') ||
	        (len > 4 && is_digit(&b, 2) && is_digit(&b, 3) && b.at[4] == '-')))
		return read_datetime(doc, b, node);
	return read_number(doc, b, node);
}

const char *toml_value_read(struct toml *doc, struct toml_token token, struct toml_node *node, size_t *ret_at)
{
	*ret_at = token.begin;
	if (token.kind == TOML_TOKEN_BARE)
		return read_bare(doc, (struct bare){doc->text + token.begin, doc->text + token.end}, node);
	node->kind = TOML_STRING;
	return toml_string_read(doc, token, &node->u.string, ret_at);
}
