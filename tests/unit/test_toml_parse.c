#include "format/toml.h"

#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BOM "\xEF\xBB\xBF"

/* ---- what is refused, and at which position ---- */

struct refusal {
	const char *sentence;
	const char *source;
	size_t line, column;
};

/* clang-format off */
static const struct refusal refusals[] = {
	{"an overlong UTF-8 sequence", "a = \"\xC0\x80\"", 1, 6},
	{"an overlong sequence of three bytes", "# \xE0\x9F\xBF", 1, 3},
	{"a surrogate in UTF-8", "\n# \xED\xA0\x80", 2, 3},
	{"a character above U+10FFFF", "# \xF4\x90\x80\x80", 1, 3},
	{"a character cut off by the end", "# \xF0\x9F\x98", 1, 3},
	{"a lone continuation byte", "# \xC3\xA9 \x80", 1, 5},
	{"Latin-1", "a = 'caf\xE9'\n", 1, 9},
	{"NUL as an escape of no use", "a = '\\u0000' b", 1, 14},
	{"a DEL in a comment", "# \x7F", 1, 3},
	{"a bare carriage return", "a = 1\rb = 2", 1, 6},
	{"a carriage return at the very end", "a = 1\r", 1, 6},
	{"a form feed between lines", "a = 1\n\f\n", 2, 1},
	{"a BOM that is not at the start", "a = 1\n" BOM "b = 2\n", 2, 1},
	{"two BOMs", BOM BOM "a = 1", 1, 1},
	{"the column counts characters, not bytes", "\"\xC3\xA9\xF0\x9F\x98\x80\" = x", 1, 8},
	{"the column does not count the BOM", BOM "a = x", 1, 5},
	{"the line counts CRLF once", "a = 1\r\n\r\nb = x", 3, 5},
	{"an escaped surrogate", "a = \"x\\uD800\"", 1, 7},
	{"an escape above U+10FFFF", "a = \"\\U00110000\"", 1, 6},
	{"\\e, which is TOML 1.1", "a = \"\\e\"", 1, 6},
	{"\\x, which is TOML 1.1", "a = \"\\x41\"", 1, 6},
	{"an escape cut short by the quote", "a = \"\\u00e\"", 1, 6},
	{"a blank escaped in the midst of a line", "a = \"\"\"x \\ y\"\"\"", 1, 10},
	{"a line-ending backslash in a string of one line", "a = \"x\\\ny\"", 1, 5},
	{"six quotes at the end", "a = \"\"\"x\"\"\"\"\"\"", 1, 14},
	{"six apostrophes at the end", "a = '''x''''''", 1, 14},
	{"a multi-line key", "\"\"\"a\"\"\" = 1", 1, 3},
	{"a string that is not closed", "a = \"\"\"\nx\n", 1, 5},
	{"a string whose last quote is escaped", "a = \"\"\"x\\\"\"\"", 1, 5},
	{"an integer above int64", "a = 9223372036854775808", 1, 5},
	{"an integer below int64", "a = -9223372036854775809", 1, 5},
	{"a hexadecimal integer above int64", "a = 0x8000000000000000", 1, 5},
	{"a leading zero", "a = 01", 1, 5},
	{"a leading zero behind a sign", "a = -01", 1, 5},
	{"a leading zero of a float", "a = 00.5", 1, 5},
	{"a sign before a prefix", "a = +0x1", 1, 5},
	{"a prefix in capitals", "a = 0X1", 1, 5},
	{"two underscores", "a = 1__0", 1, 5},
	{"an underscore behind the prefix", "a = 0x_1", 1, 5},
	{"an underscore at the end", "a = 1_", 1, 5},
	{"an underscore before the dot", "a = 1_.5", 1, 5},
	{"an underscore before the exponent", "a = 1_e5", 1, 5},
	{"a float without digits before the dot", "a = .5", 1, 5},
	{"a float without digits behind the dot", "a = 5.", 1, 5},
	{"a dot before the exponent", "a = 5.e1", 1, 5},
	{"an exponent without digits", "a = 5e", 1, 5},
	{"an exponent with a fraction", "a = 5e1.5", 1, 5},
	{"infinity in capitals", "a = INF", 1, 5},
	{"infinity with two signs", "a = +-inf", 1, 5},
	{"an octal digit too large", "a = 0o8", 1, 5},
	{"a 29th of February in another year", "a = 2023-02-29", 1, 5},
	{"a 29th of February in 1900", "a = 1900-02-29", 1, 5},
	{"a 31st of April", "a = 2023-04-31", 1, 5},
	{"hour 24", "a = 24:00:00", 1, 5},
	{"minute 60", "a = 12:60:00", 1, 5},
	{"second 61", "a = 12:00:61", 1, 5},
	{"a time without seconds, which is TOML 1.1", "a = 12:00", 1, 5},
	{"a date and time without seconds", "a = 2023-01-01T12:00Z", 1, 5},
	{"a fraction without digits", "a = 12:00:00.", 1, 5},
	{"an offset of 24 hours", "a = 2023-01-01T12:00:00+24:00", 1, 5},
	{"a time with an offset", "a = 12:00:00Z", 1, 5},
	{"a date with an offset", "a = 2023-01-01Z", 1, 5},
	{"a month of one digit", "a = 2023-1-01", 1, 5},
	{"two spaces between date and time", "a = 2023-01-01  12:00:00", 1, 17},
	{"a newline in an inline table", "a = {\n}", 1, 6},
	{"a comment in an inline table", "a = { # x\n}", 1, 10},
	{"a comma at the end of an inline table", "a = { b = 1, }", 1, 14},
	{"an array with two commas", "a = [1,,2]", 1, 8},
	{"an array that is not closed", "a = [1,\n2\n", 1, 5},
	{"two values on a line", "a = 1 b = 2", 1, 7},
	{"a key without a value", "a =\n", 1, 4},
	{"a key without an equals sign", "a\n", 1, 2},
	{"a value on the next line", "a =\n1", 1, 4},
	{"a bare key with a character that is not ASCII", "\xC3\xA9 = 1", 1, 1},
	{"a dot without a key", "a. = 1", 1, 4},
	{"the same key twice", "a = 1\n'a' = 2", 2, 1},
	{"the same key twice in an inline table", "t = {a = 1, \"a\" = 2}", 1, 13},
	{"the same table twice", "[a]\n[b]\n[ \"a\" ]", 3, 3},
	{"a header for a table made by dotted keys", "a.b = 1\n[a]", 2, 2},
	{"dotted keys that add to a table with a header", "[a.b]\n[a]\nb.c = 1", 3, 1},
	{"dotted keys that add to a table that another section's dotted keys made", "[a]\nb.c = 1\n[a.b]", 3, 4},
	{"dotted keys that add to an inline table", "a = {}\na.b = 1", 2, 1},
	{"a header that adds to an inline table", "a = {}\n[a.b]", 2, 2},
	{"an inline table that is added to inside of another", "a = { b = {}, b.c = 1 }", 1, 15},
	{"a header that adds to an array", "a = []\n[[a]]", 2, 3},
	{"a header that leads through an array of inline tables", "a = [{}]\n[a.b]", 2, 2},
	{"a table that is an array of tables", "[[a]]\n[a]", 2, 2},
	{"an array of tables that is a table", "[a]\n[[a]]", 2, 3},
	{"an array of tables that was named on the way", "[a.b]\n[[a]]", 2, 3},
	{"dotted keys that add to an array of tables", "[[a.b]]\n[a]\nb.c = 1", 3, 1},
	{"a header without a name", "[]", 1, 2},
	{"a header with blanks between its brackets", "[ [a]]", 1, 3},
	{"a header whose closing brackets are apart", "[[a] ]", 1, 6},
	{"a header over two lines", "[a\n]", 1, 3},
	{"text behind a header", "[a] b = 1", 1, 5},
};

/* These are valid without the spelling that is refused. */
static const struct { const char *sentence, *source; } accepted[] = {
	{"an empty document", ""},
	{"a BOM alone", BOM},
	{"a BOM in a string and in a comment", "a = \"" BOM "\" # " BOM "\n"},
	{"blanks, tabs and comments alone", " \t# \t\xC3\xA9\r\n\t"},
	{"a leap second", "a = 1990-12-31T23:59:60Z"},
	{"a 29th of February in 2000", "a = 2000-02-29"},
	{"lower case t and z, and a space", "a = [2000-01-01t00:00:00z, 2000-01-01 00:00:00.123456789012-23:59]"},
	{"the least and the greatest integers", "a = [-9223372036854775808, 9223372036854775807, 0x7fffffffffffffff, -0, +0, 0o17, 0b1_0]"},
	{"an exponent with a leading zero and an underscore", "a = [1e06, 6.626e-3_4, 1E+1, -0.0, 1_0.0_1]"},
	{"keys that look like values", "1 = 1\ntrue = 1\n2.5 = 1\n- = 1\n_ = 1\n2000-01-01 = 1\ninf.nan = 1"},
	{"keys that are empty, or hold a NUL", "\"\" = 1\n'a'.'' = 1\n\"\\u0000\" = 1\n\"\\u0000\\u0000\" = 1"},
	{"blanks around dots, brackets and equals signs", "a . b\t=\t1\n[ c . 'd' ]\n[[ e ]]\n"},
	{"an array over lines, with comments and a last comma", "a = [ # x\n\n1 # y\n, # z\n2, # w\n]"},
	{"a header for a table that was named on the way", "[a.b]\n[a]\nc = 1"},
	{"a header below dotted keys", "[a]\nb.c = 1\n[a.b.d]"},
	{"dotted keys that add to a table that was named on the way", "[a.b.c]\n[a]\nb.x = 1"},
	{"a sub-table for each element of an array of tables", "[[a]]\n[a.b]\n[[a]]\n[a.b]\n[[a.c]]\n[[a.c]]"},
	{"quotes before the closing quotes", "a = \"\"\"\"\"x\"\"\"\"\"\nb = ''''x'''''\nc = \"\"\"\"\"\"\"\""},
};
/* clang-format on */

static void test_refusals(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct toml_error error = {0};
		struct toml *doc = toml_parse(r->source, strlen(r->source), &error);
		if (!ok(!doc && error.line == r->line && error.column == r->column && error.message[0],
		        "refused: %s", r->sentence))
			printf(
			    "# %zu:%zu: %s\n", error.line, error.column, doc ? "(no error)" : error.message);
		toml_free(doc);
	}
}

static void test_accepted(void)
{
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		struct toml_error error = {0};
		struct toml *doc = toml_parse(accepted[i].source, strlen(accepted[i].source), &error);
		if (!ok(doc != NULL, "accepted: %s", accepted[i].sentence))
			printf("# %zu:%zu: %s\n", error.line, error.column, error.message);
		toml_free(doc);
	}
}

/* ---- what is read ---- */

static struct toml *parse(const char *source)
{
	struct toml_error error;

	return toml_parse(source, strlen(source), &error);
}

static const struct toml_node *value(const struct toml *doc, const char *key)
{
	return toml_get(doc, (const char *[]){key, NULL});
}

static bool is_string(const struct toml *doc, const char *key, const char *text, size_t len)
{
	size_t got_len = 0;
	const struct toml_node *node = value(doc, key);
	const char *got = node && toml_kind(node) == TOML_STRING ? toml_string(node, &got_len) : NULL;

	return got && got_len == len && !memcmp(got, text, len);
}

#define IS_STRING(doc, key, text) is_string(doc, key, text, sizeof(text) - 1)

static void test_strings(void)
{
	struct toml *doc = parse("a = \"\\b\\t\\n\\f\\r\\\"\\\\\\u0000\\u00E9\\U0001F600\"\n"
	                         "b = \"\"\"\nx \\  \r\n\n   y\\\\\nz\"\"\"\"\"\n"
	                         "c = '''\r\nx\\n'''\n"
	                         "d = \"\"\"\\\n   \"\"\"\n"
	                         "e = \"\"\"x\\\"\"\"\"\n");

	ok(IS_STRING(doc, "a", "\b\t\n\f\r\"\\\0\xC3\xA9\xF0\x9F\x98\x80"),
	    "all escapes are decoded, NUL too");
	ok(IS_STRING(doc, "b", "x y\\\nz\"\""),
	    "a line-ending backslash eats blanks and lines, two quotes stay");
	ok(IS_STRING(doc, "c", "x\\n"), "a first line end is dropped, a literal string has no escapes");
	ok(IS_STRING(doc, "d", ""), "a string of a line-ending backslash alone is empty");
	ok(IS_STRING(doc, "e", "x\""), "an escaped quote does not close");
	toml_free(doc);
}

static void test_numbers(void)
{
	struct toml *doc =
	    parse("a = -9223372036854775808\nb = 0xDEAD_beef\nc = 1_000.5e-1\nd = -inf\ne = +nan\n"
	          "f = 0o755\ng = 0b1101\nh = 1e400\ni = false\n");

	ok(toml_integer(value(doc, "a")) == INT64_MIN, "the least integer is read");
	ok(toml_integer(value(doc, "b")) == 0xDEADBEEF && toml_integer(value(doc, "f")) == 0755 &&
	        toml_integer(value(doc, "g")) == 13,
	    "integers of other bases are read");
	double c = toml_float(value(doc, "c"));
	ok(c > 100.04 && c < 100.06, "a float with all its parts is read");
	ok(isinf(toml_float(value(doc, "d"))) && toml_float(value(doc, "d")) < 0, "minus infinity is read");
	ok(isnan(toml_float(value(doc, "e"))), "not a number is read");
	ok(isinf(toml_float(value(doc, "h"))), "a float too large is infinite");
	ok(!toml_boolean(value(doc, "i")), "false is read");
	toml_free(doc);
}

static void test_dates(void)
{
	struct toml *doc =
	    parse("a = 1979-05-27 07:32:00.5z\nb = 1979-05-27t07:32:00\nc = 1979-05-27\nd = 07:32:00 # x\n");

	ok(toml_kind(value(doc, "a")) == TOML_OFFSET_DATETIME &&
	        !strcmp(toml_datetime(value(doc, "a")), "1979-05-27T07:32:00.5Z"),
	    "a date and time is in the form of RFC 3339");
	ok(toml_kind(value(doc, "b")) == TOML_LOCAL_DATETIME &&
	        toml_kind(value(doc, "c")) == TOML_LOCAL_DATE &&
	        toml_kind(value(doc, "d")) == TOML_LOCAL_TIME,
	    "local dates and times keep their kinds apart");
	toml_free(doc);
}

static void test_walking(void)
{
	struct toml *doc = parse("b = [1, 2]\na.'x' = 1\n\"k\\u0000\" = 1\n[[t]]\nn = 1\n[[t]]\nn = 2\n");
	const struct toml_node *node = toml_first(toml_root(doc));
	size_t len;

	ok(!strcmp(toml_key(node, &len), "b") && len == 1, "members come in the order of the source");
	ok(toml_integer(toml_next(toml_first(node))) == 2 && !toml_next(toml_next(toml_first(node))),
	    "elements come one after the other");
	node = toml_next(toml_next(node));
	ok(!memcmp(toml_key(node, &len), "k\0", 3) && len == 2 && !toml_member(toml_root(doc), "k"),
	    "a key may hold a NUL, and is then no other key");
	node = toml_next(toml_first(toml_get(doc, (const char *[]){"t", NULL})));
	ok(toml_integer(toml_member(node, "n")) == 2, "the second table of an array has its own members");
	ok(!toml_get(doc, (const char *[]){"b", "x", NULL}) && !toml_get(doc, (const char *[]){"no", NULL}),
	    "a way that leads nowhere is none");
	ok(toml_get(doc, (const char *[]){NULL}) == toml_root(doc), "a way of no keys leads to the root");
	toml_free(doc);
}

/* ---- deep nesting and large documents ---- */

static bool parses(const char *head, const char *unit, size_t count, const char *tail)
{
	struct toml_error error;
	struct buf text;

	buf_init(&text, (size_t)1 << 28);
	buf_addstr(&text, head);
	for (size_t i = 0; i < count; i++)
		buf_addstr(&text, unit);
	buf_addstr(&text, tail);
	struct toml *doc = toml_parse(text.data, text.len, &error);
	buf_release(&text);
	toml_free(doc);
	return doc != NULL;
}

static void test_depth(void)
{
	ok(parses("a", ".a", 200, " = 1") && parses("[a", ".a", 200, "]") && parses("a = [", "[],", 200, "]"),
	    "two hundred levels of keys, and elements without end, are read");
	ok(!parses("a = ", "[", 1000000, "") && !parses("", "[", 1000000, "") &&
	        !parses("a = ", "{a=", 300000, "") && !parses("a", ".a", 300000, " = 1") &&
	        !parses("[a", ".a", 300000, "]"),
	    "a million brackets are refused, not followed");
}

static void test_no_bytes(void)
{
	struct toml_error error;
	struct toml *doc = toml_parse(NULL, 0, &error);
	struct buf text;

	buf_init(&text, 100);
	ok(doc && !toml_first(toml_root(doc)) && toml_render(doc, &text, &error) == 0 && text.len == 0,
	    "no bytes at all are an empty document");
	buf_release(&text);
	toml_free(doc);
	toml_free(NULL);
	ok(!toml_parse("a = 1\0", 6, &error) && error.column == 6,
	    "a NUL is refused, and does not end the document");
}

int main(void)
{
	test_refusals();
	test_accepted();
	test_strings();
	test_numbers();
	test_dates();
	test_walking();
	test_depth();
	test_no_bytes();
	return tap_done();
}
