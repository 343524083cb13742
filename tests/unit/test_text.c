#include "base/text.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *sentence, *dirty, *clean;
} cases[] = {
    {"plain text stays", "Hello, world! ~", "Hello, world! ~"},
    {"other languages stay", "\xE6\x9C\x88\xE4\xB9\x8B\xE6\x9A\x97\xE9\x9D\xA2 \xC3\xA9 \xF0\x9F\x8C\x99",
        "\xE6\x9C\x88\xE4\xB9\x8B\xE6\x9A\x97\xE9\x9D\xA2 \xC3\xA9 \xF0\x9F\x8C\x99"},
    {"line ends and tabs become blanks", "a\nb\tc\rd", "a b c d"},
    {"an escape sequence loses what makes it one", "\x1B[31mred\x1B]0;title\x07", "[31mred]0;title"},
    {"DEL is dropped",
        "a\x7F"
        "b",
        "ab"},
    {"C1 controls, CSI among them, are dropped",
        "a\xC2\x9B"
        "31m\xC2\x80\xC2\x9F",
        "a31m"},
    {"a lone C1 byte is no UTF-8",
        "a\x9B"
        "31m",
        "a\xEF\xBF\xBD"
        "31m"},
    {"bidirectional controls are dropped",
        "a\xE2\x80\xAE"
        "b\xE2\x80\xAA\xE2\x81\xA6"
        "c\xE2\x81\xA9\xE2\x80\x8F\xE2\x80\x8E\xD8\x9C",
        "abc"},
    {"line separators and the BOM are dropped",
        "a\xE2\x80\xA8"
        "b\xE2\x80\xA9\xEF\xBB\xBF",
        "ab"},
    {"invisible letters and variation selectors are dropped",
        "a\xCD\x8F"
        "b\xE1\x85\x9F\xE3\x85\xA4"
        "c\xEF\xB8\x8F\xEF\xBE\xA0",
        "abc"},
    {"characters without a width are dropped",
        "a\xE2\x80\x8B"
        "b\xE2\x80\x8C\xE2\x80\x8D"
        "c\xE2\x81\xA0\xE2\x81\xA4"
        "d\xE1\xA0\x8E\xC2\xAD"
        "e\xEF\xBF\xB9\xEF\xBF\xBB"
        "f\xF3\xA0\x80\x81\xF3\xA0\x81\xBF",
        "abcdef"},
    {"a sequence that breaks off", "\xE6\x9C", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"a sequence that is interrupted", "\xE6x\xF0\x9Fy", "\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBDy"},
    {"an overlong escape", "\xC0\x9B\xE0\x80\x9B",
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"a surrogate", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"beyond Unicode", "\xF4\x90\x80\x80\xFF",
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"U+FFFD itself stays", "\xEF\xBF\xBD", "\xEF\xBF\xBD"},
    {"what is dropped does not join its neighbours to a new sequence", "\xE2\x07\x80\xAE",
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"nothing stays nothing", "", ""},
};

static void test_cleaning(void)
{
	struct buf out;
	char text[64];

	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_clear(&out);
		text_clean(&out, cases[i].dirty, strlen(cases[i].dirty));
		ok(strcmp(out.data, cases[i].clean) == 0 &&
		        text_is_clean(cases[i].dirty) == (strcmp(cases[i].dirty, cases[i].clean) == 0),
		    "%s", cases[i].sentence);
	}
	buf_clear(&out);
	text_clean(&out, "a\0b", 3);
	ok(strcmp(out.data, "ab") == 0, "a NUL is dropped");
	buf_release(&out);
	strcpy(text, "a\nb\x1B\xFF\xE2\x80\xAE\xC3\xA9");
	text_clean_inplace(text);
	ok(strcmp(text, "a b?\xC3\xA9") == 0,
	    "in place the same, with ? for what is no UTF-8, so that it never grows");
}

static void test_plain(void)
{
	ok(text_is_plain("") && text_is_plain("!sk-abc_~"), "0x21 to 0x7e are plain");
	ok(!text_is_plain("a b") && !text_is_plain("a\x7F") && !text_is_plain("a\n") &&
	        !text_is_plain("\xC3\xA9") && !text_is_plain("\x80"),
	    "a blank, controls and all beyond ASCII are not");
}

static void test_width(void)
{
	ok(text_width("abc") == 3, "a letter takes a column");
	ok(text_width("\xE6\x9C\x88") == 2, "an ideograph takes two");
	ok(text_width("e\xCC\x81") == 1, "an accent of its own takes none");
	ok(text_width("") == 0, "nothing takes none");
}

static void test_json_bytes(void)
{
	static const char text[] = "\x01\x08\t\n\x0b\x0c\r\x1f \"/\\~\x7f\xc3\xa9";
	struct buf json;

	buf_init(&json, 128);
	text_add_json(&json, text, sizeof(text) - 1);
	ok(strcmp(json.data, "\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f \\\"/\\\\~\x7f\xc3\xa9") == 0,
	    "bytes are escaped as JSON.stringify() does it: %s", json.data);
	buf_clear(&json);
	text_add_json(&json, "", 1);
	ok(strcmp(json.data, "\\u0000") == 0, "NUL, too");
	buf_release(&json);
}

int main(void)
{
	setenv("LC_ALL", "C", 1); /* where wcwidth() has no data */
	test_cleaning();
	test_plain();
	test_width();
	test_json_bytes();
	return tap_done();
}
