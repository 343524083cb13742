#include "format/toml.h"

#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A path and its JSON; NULL: remove it. */
struct edit {
	const char *path[6];
	const char *json;
};

struct edit_case {
	const char *sentence;
	const char *source;
	struct edit edits[8];
	const char *expected; /* NULL: the last edit is refused, at `line` */
	size_t line;
};

#define BOM "\xEF\xBB\xBF"

/* clang-format off */
static const struct edit_case replacing[] = {
	{"a new value takes the place of the old one alone", "a  =  1   # one\nb = 2\n", {{{"a"}, "7"}}, "a  =  7   # one\nb = 2\n", 0},
	{"a value that is the same already is no edit", "a = 0x10 # hex\nb = 'x'\n", {{{"a"}, "16"}, {{"b"}, "\"x\""}}, "a = 0x10 # hex\nb = 'x'\n", 0},
	{"an array is replaced as a whole", "a = [\n  1, # one\n  2,\n]\n", {{{"a"}, "[\"x\", 1, 2.5, true, [], {}]"}}, "a = [\"x\", 1, 2.5, true, [], {}]\n", 0},
	{"an equal array of other spelling stays", "a = [\n  1, # one\n  2,\n]\n", {{{"a"}, "[1, 2]"}}, "a = [\n  1, # one\n  2,\n]\n", 0},
	{"a multi-line string is replaced", "a = '''\nx\ny'''\nb = 1\n", {{{"a"}, "\"z\""}}, "a = \"z\"\nb = 1\n", 0},
	{"an integer and a float are not the same", "a = 1\n", {{{"a"}, "1.0"}}, "a = 1.0\n", 0},
	{"a literal key, a basic key and a bare key are one key", "'a' = 1\n[\"t\"]\nk = 1\n", {{{"a"}, "2"}, {{"t", "k"}, "2"}}, "'a' = 2\n[\"t\"]\nk = 2\n", 0},
	{"an escaped key is found by what it says", "\"\\u0061b\" = 1\n", {{{"ab"}, "2"}}, "\"\\u0061b\" = 2\n", 0},
	{"a value inside of an inline table is replaced there", "t = { a = 1, u = {b = 2} } # x\n", {{{"t", "u", "b"}, "3"}}, "t = { a = 1, u = {b = 3} } # x\n", 0},
	{"an equal object is no edit on an inline table", "t = {b=2,   a='x'}\n", {{{"t"}, "{\"a\": \"x\", \"b\": 2}"}}, "t = {b=2,   a='x'}\n", 0},
	{"another object replaces an inline table as a whole", "t = {b=2}\n", {{{"t"}, "{\"a\": 1}"}}, "t = { a = 1 }\n", 0},
	{"an object given to a block table sets its members and keeps the others", "[t]\na = 1\nb = 2\n", {{{"t"}, "{\"a\": 1, \"c\": 3, \"d\": {}}"}}, "[t]\na = 1\nb = 2\nc = 3\nd = {}\n", 0},
	{"an equal object is no edit on a block table", "[t]\na = 1 # x\n[t.u]\nb = 2\n", {{{"t"}, "{\"a\": 1, \"u\": {\"b\": 2}}"}}, "[t]\na = 1 # x\n[t.u]\nb = 2\n", 0},
	{"an array of tables that is the same is no edit", "[[t]]\na = 1\n", {{{"t"}, "[{\"a\": 1}]"}}, "[[t]]\na = 1\n", 0},
	{"a date becomes a string", "a = 1979-05-27\n", {{{"a"}, "\"1979-05-27\""}}, "a = \"1979-05-27\"\n", 0},
	{"strings are escaped", "a = 1\n", {{{"a"}, "\"\\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u007f\xC3\xA9\""}}, "a = \"\\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u007F\xC3\xA9\"\n", 0},
	{"numbers read back as they were", "a = 1\n", {{{"a"}, "[0.1, 1e300, -2.5, 100.0, 9223372036854775807, -9223372036854775808]"}}, "a = [0.1, 1e+300, -2.5, 100.0, 9223372036854775807, -9223372036854775808]\n", 0},
};

static const struct edit_case inserting[] = {
	{"a key in an empty document", "", {{{"a"}, "1"}}, "a = 1\n", 0},
	{"a key behind a BOM", BOM, {{{"a"}, "1"}}, BOM "a = 1\n", 0},
	{"the first root key goes to the top, before a blank line", "# hello\n[t]\n", {{{"a"}, "1"}, {{"b"}, "2"}}, "a = 1\nb = 2\n\n# hello\n[t]\n", 0},
	{"the first root key goes behind the BOM, with CRLF", BOM "[t]\r\nx = 1\r\n", {{{"a"}, "1"}}, BOM "a = 1\r\n\r\n[t]\r\nx = 1\r\n", 0},
	{"a root key follows the last one", "a = 1 # x\n\n# about t\n[t]\n", {{{"b"}, "2"}}, "a = 1 # x\nb = 2\n\n# about t\n[t]\n", 0},
	{"a key follows the last of its table, indented like it", "[t]\n  a = [\n    1,\n  ]\n\n[u]\n", {{{"t", "b"}, "2"}}, "[t]\n  a = [\n    1,\n  ]\n  b = 2\n\n[u]\n", 0},
	{"a key in a table without keys follows the header", " [t] # x\n# y\n\n[u]\n", {{{"t", "b"}, "2"}}, " [t] # x\n b = 2\n# y\n\n[u]\n", 0},
	{"a last line without an end gets one, the new last line none", "a = 1", {{{"b"}, "2"}}, "a = 1\nb = 2", 0},
	{"a header without a line end", "[t]", {{{"t", "b"}, "2"}}, "[t]\nb = 2", 0},
	{"a dotted table gets a dotted line, spelt like its neighbour", "x.'y z'.a = 1\nq = 1\n", {{{"x", "y z", "b"}, "2"}, {{"x", "n"}, "3"}, {{"r"}, "4"}}, "x.'y z'.a = 1\nx.n = 3\nx.'y z'.b = 2\nq = 1\nr = 4\n", 0},
	{"a dotted table inside of a block", "[t]\n\tx.a = 1\n[u]\n", {{{"t", "x", "b"}, "2"}}, "[t]\n\tx.a = 1\n\tx.b = 2\n[u]\n", 0},
	{"an inline table gets members", "t = { a = 1 }\n", {{{"t", "b"}, "2"}, {{"t", "c d"}, "{}"}}, "t = { a = 1, b = 2, \"c d\" = {} }\n", 0},
	{"an empty inline table gets a member", "t = {}\nu = { }\n", {{{"t", "b"}, "2"}, {{"u", "b"}, "2"}}, "t = { b = 2 }\nu = { b = 2}\n", 0},
	{"tables on the way inside of an inline table are inline", "t = {a.b = 1}\n", {{{"t", "x", "y", "z"}, "2"}, {{"t", "x", "y", "w"}, "3"}, {{"t", "a", "c"}, "4"}}, "t = {a.b = 1, x = { y = { z = 2, w = 3 } }, a.c = 4}\n", 0},
	{"a table inside of an inline table inside of a block", "[p]\nx = {y = {z = 1}}\n", {{{"p", "x", "y", "w"}, "2"}}, "[p]\nx = {y = {z = 1, w = 2}}\n", 0},
	{"a new table is a block at the end", "a = 1\n", {{{"t", "u v", "x"}, "1"}, {{"t", "u v", "y"}, "2"}}, "a = 1\n\n[t.\"u v\"]\nx = 1\ny = 2\n", 0},
	{"a new table in an empty document has no blank line before it", "", {{{"t", "x"}, "1"}, {{"a"}, "1"}, {{"u", "x"}, "1"}}, "a = 1\n\n[t]\nx = 1\n\n[u]\nx = 1\n", 0},
	{"a new table stays with its family", "[m.a]\nx = 1\n# of a\n\n# of n\n[n]\ny = 1\n", {{{"m", "b", "x"}, "2"}}, "[m.a]\nx = 1\n# of a\n\n[m.b]\nx = 2\n\n# of n\n[n]\ny = 1\n", 0},
	{"a comment that touches the next header stays with it", "[m.a]\nx = 1\n# of n\n[n]\ny = 1\n", {{{"m", "b", "x"}, "2"}}, "[m.a]\nx = 1\n\n[m.b]\nx = 2\n# of n\n[n]\ny = 1\n", 0},
	{"a family apart is joined at its last member", "[m.a]\nx = 1\n[n]\n[m.c]\nx = 3\n[[o]]\n", {{{"m", "b", "x"}, "2"}}, "[m.a]\nx = 1\n[n]\n[m.c]\nx = 3\n\n[m.b]\nx = 2\n[[o]]\n", 0},
	{"a table that was only named on the way gets its header", "[a.b]\nx = 1\n\n[c]\n", {{{"a", "y"}, "2"}}, "[a.b]\nx = 1\n\n[a]\ny = 2\n\n[c]\n", 0},
	{"a table that only an array of tables named gets its header", "[[a.b]]\nx = 1\n", {{{"a", "y"}, "2"}}, "[[a.b]]\nx = 1\n\n[a]\ny = 2\n", 0},
	{"a sub-table of a dotted table is a block", "[f]\na.x = 1\n", {{{"f", "a", "b", "y"}, "2"}}, "[f]\na.x = 1\n\n[f.a.b]\ny = 2\n", 0},
	{"a block is indented like its family", "  [m.a]\n    x = 1\n", {{{"m", "b", "x"}, "2"}}, "  [m.a]\n    x = 1\n\n  [m.b]\n    x = 2\n", 0},
	{"a table is set as an inline table where it is given as a value", "[t]\nx = 1\n", {{{"t", "o"}, "{\"storage\": \"file\", \"key\": \"x\"}"}}, "[t]\nx = 1\no = { storage = \"file\", key = \"x\" }\n", 0},
	{"keys and tables behind a last line without an end", "[a]\nx = 1", {{{"b", "x"}, "2"}, {{"a", "y"}, "3"}}, "[a]\nx = 1\ny = 3\n\n[b]\nx = 2", 0},
	{"a key that is not bare is quoted", "", {{{"\xC3\xA9"}, "1"}, {{""}, "2"}, {{"a.b"}, "3"}, {{"-_9"}, "4"}}, "\"\xC3\xA9\" = 1\n\"\" = 2\n\"a.b\" = 3\n-_9 = 4\n", 0},
};

static const struct edit_case comments[] = {
	{"the first root key goes behind the first comment paragraph", "#:schema ./s.json\n# mine\n\n[t]\n", {{{"a"}, "1"}, {{"b"}, "2"}}, "#:schema ./s.json\n# mine\n\na = 1\nb = 2\n\n[t]\n", 0},
	{"and is removed with the blank line before it", "# mine\n\na = 1\n\n\n[t]\n", {{{"a"}, NULL}}, "# mine\n\n\n[t]\n", 0},
	{"the same where comments are all there is", "# one\r\n# two\r\n", {{{"a"}, "1"}, {{"t", "x"}, "1"}}, "# one\r\n# two\r\n\r\na = 1\r\n\r\n[t]\r\nx = 1\r\n", 0},
	{"and back", "# one\n\na = 1\n\n[t]\nx = 1\n", {{{"a"}, NULL}, {{"t"}, NULL}}, "# one\n", 0},
	{"one root key for another below a comment paragraph", "# one\n\na = 1\n\n[t]\n", {{{"a"}, NULL}, {{"b"}, "1"}}, "# one\n\nb = 1\n\n[t]\n", 0},
	{"the first paragraph behind blank lines, and a BOM", BOM "\n\n# one\n \n# two\n[t]\n", {{{"a"}, "1"}}, BOM "\n\n# one\n\na = 1\n \n# two\n[t]\n", 0},
	{"a comment for tools stays at the top though a header follows", "# -*- toml -*-\n#:schema x\n# of t\n[t]\n", {{{"a"}, "1"}}, "# -*- toml -*-\n#:schema x\na = 1\n\n# of t\n[t]\n", 0},
	{"and back", "# vim: ft=toml\na = 1\n\n# of t\n[t]\n", {{{"a"}, NULL}}, "# vim: ft=toml\n# of t\n[t]\n", 0},
	{"a new table does not go into a marked block", "# BEGIN x (do not edit)\n[m.a]\nx = 1\n[n]\n# END x\n[o]\n", {{{"m", "b", "x"}, "2"}}, "# BEGIN x (do not edit)\n[m.a]\nx = 1\n[n]\n# END x\n\n[m.b]\nx = 2\n[o]\n", 0},
	{"nor where its mark touches the block's last table", "# >>> x >>>\n[m.a]\nx = 1\n# <<< x <<<\n", {{{"m", "b", "x"}, "2"}}, "# >>> x >>>\n[m.a]\nx = 1\n# <<< x <<<\n\n[m.b]\nx = 2\n", 0},
	{"nor into an outer one", "#region\n# --- begin y ---\n[m.a]\n# --- end y ---\n[n]\n#endregion", {{{"m", "b", "x"}, "2"}}, "#region\n# --- begin y ---\n[m.a]\n# --- end y ---\n[n]\n#endregion\n\n[m.b]\nx = 2", 0},
	{"nor behind the mark that opens one", "[m.a]\nx = 1\n# BEGIN x\n\n[n]\n# END x\n", {{{"m", "b", "x"}, "2"}}, "[m.a]\nx = 1\n# BEGIN x\n\n[n]\n# END x\n\n[m.b]\nx = 2\n", 0},
	{"marks that nothing closes or opens are comments", "# BEGIN x\n[m.a]\n\n# END y\n[n]\n# start of it\n[o]\n", {{{"m", "b", "x"}, "2"}}, "# BEGIN x\n[m.a]\n\n[m.b]\nx = 2\n\n# END y\n[n]\n# start of it\n[o]\n", 0},
	{"marks inside of strings and arrays are none", "a = '''\n# BEGIN x\n'''\nb = [\n# BEGIN x\n]\n[m.a]\n\n# END x\n[n]\n", {{{"m", "b", "x"}, "2"}}, "a = '''\n# BEGIN x\n'''\nb = [\n# BEGIN x\n]\n[m.a]\n\n[m.b]\nx = 2\n\n# END x\n[n]\n", 0},
	{"a root key follows the last outside of marked blocks", "a = 1\n# BEGIN x\nb = 1\n# END x\nc = 1\n# BEGIN y\nd = 1\n[t]\n# END y\n", {{{"e"}, "1"}}, "a = 1\n# BEGIN x\nb = 1\n# END x\nc = 1\ne = 1\n# BEGIN y\nd = 1\n[t]\n# END y\n", 0},
	{"where all root keys are in marked blocks it goes before", "# one\n\n# BEGIN x\n\nb = 1\n# END x\n", {{{"e"}, "1"}}, "# one\n\ne = 1\n# BEGIN x\n\nb = 1\n# END x\n", 0},
	{"where there are none it does not go in with the mark", "# BEGIN x\n# hello\n\n[t]\n# END x\n", {{{"e"}, "1"}}, "e = 1\n\n# BEGIN x\n# hello\n\n[t]\n# END x\n", 0},
	{"and back", "e = 1\n\n# BEGIN x\n# hello\n\n[t]\n# END x\n", {{{"e"}, NULL}}, "# BEGIN x\n# hello\n\n[t]\n# END x\n", 0},
};

static const struct edit_case removing[] = {
	{"a key goes with its line, the comment above it stays", "# one\na = 1 # x\nb = 2\n", {{{"a"}, NULL}}, "# one\nb = 2\n", 0},
	{"what is not there goes without an edit", "a = 1\n[t]\n", {{{"b"}, NULL}, {{"t", "x", "y"}, NULL}}, "a = 1\n[t]\n", 0},
	{"the last key of a file without a last line end", "a = 1\nb = 2", {{{"b"}, NULL}}, "a = 1", 0},
	{"the only key", "a = 1", {{{"a"}, NULL}}, "", 0},
	{"all root keys at the top take the blank line behind them along", "a = 1\nb = 2\n\n[t]\n", {{{"a"}, NULL}, {{"b"}, NULL}}, "[t]\n", 0},
	{"one root key of two leaves the blank line", "a = 1\nb = 2\n\n[t]\n", {{{"b"}, NULL}}, "a = 1\n\n[t]\n", 0},
	{"root keys below a comment leave it and the blank line", "# x\na = 1\n\n[t]\n", {{{"a"}, NULL}}, "# x\n\n[t]\n", 0},
	{"a table goes with the blank line before it", "a = 1\n\n\n[t]\nx = 1\n# after\n\n[u]\n", {{{"t"}, NULL}}, "a = 1\n\n# after\n\n[u]\n", 0},
	{"comments above a header stay, those before its last key go", "# top\n[t]\n# in\nx = 1\n\ny = 2\n# after\n", {{{"t"}, NULL}}, "# top\n# after\n", 0},
	{"a table at the top goes with the blank line behind it", "[t]\nx = 1\n\n[u]\ny = 1\n", {{{"t"}, NULL}}, "[u]\ny = 1\n", 0},
	{"a table goes with its whole family wherever it lies",
		"a.b.x = 1\nz = 1\n\n[a.b.c]\ny = 1\n\n[q]\n\n[[a.b.d]]\nk = 1\n[a.b.d.e]\n[[a.b.d]]\nk = 2\n\n[r]\n", {{{"a", "b"}, NULL}}, "z = 1\n\n[q]\n\n[r]\n", 0},
	{"a table that was only named on the way", "[a.b]\nx = 1\n\n[a.c]\nx = 1\n\n[d]\n", {{{"a"}, NULL}}, "[d]\n", 0},
	{"an array of tables goes as a whole", "[[a]]\nx = 1\n\n[b]\n\n[[a]]\n[a.c]\n", {{{"a"}, NULL}}, "[b]\n", 0},
	{"dotted lines of one table", "a.x = 1\nb = 1\na.y.z = 2\n", {{{"a"}, NULL}}, "b = 1\n", 0},
	{"the last member leaves empty braces", "t = { a = 1 }\n", {{{"t", "a"}, NULL}}, "t = {}\n", 0},
	{"the first member goes with the comma behind it", "t = { a = 1, b = 2, c = 3 }\n", {{{"t", "a"}, NULL}}, "t = { b = 2, c = 3 }\n", 0},
	{"a later member goes with the comma before it", "t = { a = 1 , b = 2, c = 3 }\n", {{{"t", "b"}, NULL}}, "t = { a = 1, c = 3 }\n", 0},
	{"the last member goes with the comma before it", "t = {a = 1, b = 2   }\n", {{{"t", "b"}, NULL}}, "t = {a = 1   }\n", 0},
	{"the first two members", "t = { a = 1, b = 2, c = 3 }\n", {{{"t", "a"}, NULL}, {{"t", "b"}, NULL}}, "t = { c = 3 }\n", 0},
	{"the last two members", "t = { a = 1, b = 2, c = 3 }\n", {{{"t", "c"}, NULL}, {{"t", "b"}, NULL}}, "t = { a = 1 }\n", 0},
	{"all members", "t = { a = 1, b = 2, c = 3 }\n", {{{"t", "c"}, NULL}, {{"t", "a"}, NULL}, {{"t", "b"}, NULL}}, "t = {}\n", 0},
	{"a dotted table inside of braces", "t = { a.x = 1, b = 2, a.y = 3 }\n", {{{"t", "a"}, NULL}}, "t = { b = 2 }\n", 0},
	{"CRLF lines go with both bytes", "a = 1\r\n\r\n[t]\r\nx = 1\r\n\r\n[u]\r\n", {{{"t"}, NULL}}, "a = 1\r\n\r\n[u]\r\n", 0},
	{"an indented key goes with its indentation", "[t]\n\ta = 1\n\tb = 2\n", {{{"t", "a"}, NULL}}, "[t]\n\tb = 2\n", 0},
	{"a last block without a line end", "a = 1\n\n[t]\nx = 1", {{{"t"}, NULL}}, "a = 1", 0},
	{"a multi-line value goes whole", "a = '''\n\n[t]\n'''\nb = [\n\n]\nc = 1\n", {{{"a"}, NULL}, {{"b"}, NULL}}, "c = 1\n", 0},
};

static const struct edit_case together[] = {
	{"the last of two values counts", "", {{{"a"}, "1"}, {{"a"}, "2"}}, "a = 2\n", 0},
	{"set, then removed: nothing", "x = 1\n", {{{"a", "b"}, "1"}, {{"a", "b"}, NULL}}, "x = 1\n", 0},
	{"removed, then set: a new value in the old place", "a = 1 # x\nb = 2\n", {{{"a"}, NULL}, {{"a"}, "3"}}, "a = 3 # x\nb = 2\n", 0},
	{"removed, then set as it was: no edit", "a = 1 # x\n", {{{"a"}, NULL}, {{"a"}, "1"}}, "a = 1 # x\n", 0},
	{"a table removed and set again holds the new keys only", "[q]\n\n[t]\nx = 1\ny = 2\n\n[u]\n", {{{"t"}, NULL}, {{"t", "z"}, "3"}}, "[q]\n\n[t]\nz = 3\n\n[u]\n", 0},
	{"the same at the top of the file", "[t]\nx = 1\n\n[u]\n", {{{"t"}, NULL}, {{"t", "z"}, "3"}}, "[t]\nz = 3\n\n[u]\n", 0},
	{"a table removed becomes a value", "b = 1\n[t]\nx = 1\n", {{{"t"}, NULL}, {{"t"}, "3"}}, "b = 1\nt = 3\n", 0},
	{"a value removed becomes a table", "t = 1\nb = 1\n", {{{"t"}, NULL}, {{"t", "x"}, "3"}}, "b = 1\n\n[t]\nx = 3\n", 0},
	{"a value removed becomes a table, and then a value again", "t = 1\nb = 1\n", {{{"t"}, NULL}, {{"t", "x"}, "3"}, {{"t"}, NULL}, {{"t"}, "2"}}, "t = 2\nb = 1\n", 0},
	{"a member replaced for another", "t = { a = 1 }\nu = {a = 1, b = 2}\n", {{{"t", "a"}, NULL}, {{"t", "b"}, "2"}, {{"u", "b"}, NULL}, {{"u", "c"}, "3"}}, "t = { b = 2 }\nu = {a = 1, c = 3}\n", 0},
	{"below an object that was set", "t = {a = 1}\n", {{{"t"}, "{\"b\": 1}"}, {{"t", "c", "d"}, "2"}, {{"t", "b"}, NULL}}, "t = { c = { d = 2 } }\n", 0},
	{"below an object that was set, back to what it was", "t = {a  = 1}\n", {{{"t"}, "{\"b\": 1}"}, {{"t", "a"}, "1"}, {{"t", "b"}, NULL}}, "t = {a  = 1}\n", 0},
	{"edits inside of an inline table are void once it is set as it was", "t = {a  = 1}\n", {{{"t", "a"}, "2"}, {{"t", "b"}, "2"}, {{"t"}, "{\"a\": 1}"}}, "t = {a  = 1}\n", 0},
	{"a dotted table whose only key is exchanged", "a.b = 1\n[t]\n", {{{"a", "b"}, NULL}, {{"a", "c"}, "2"}}, "a.c = 2\n[t]\n", 0},
	{"a dotted table that vanished becomes a value", "a.b = 1\n", {{{"a", "b"}, NULL}, {{"a"}, "2"}}, "a = 2\n", 0},
	{"the first table goes, a root key comes", "[t]\nx = 1\n\n[u]\n", {{{"t"}, NULL}, {{"a"}, "1"}}, "a = 1\n\n[u]\n", 0},
	{"everything goes, something else comes", "[t]\nx = 1\n", {{{"t"}, NULL}, {{"a"}, "1"}, {{"u", "b"}, "1"}}, "a = 1\n\n[u]\nb = 1\n", 0},
	{"the last of a family goes, another comes", "[m.a]\nx = 1\n\n[m.b]\nx = 1\n\n[n]\n", {{{"m", "b"}, NULL}, {{"m", "c", "x"}, "2"}}, "[m.a]\nx = 1\n\n[m.c]\nx = 2\n\n[n]\n", 0},
	{"keys of one new table stand together, in the order set", "", {{{"t", "x"}, "1"}, {{"u", "x"}, "1"}, {{"t", "y"}, "2"}, {{"t", "s", "z"}, "3"}, {{"t", "w"}, "4"}}, "[t]\nx = 1\ny = 2\nw = 4\n\n[t.s]\nz = 3\n\n[u]\nx = 1\n", 0},
};

static const struct edit_case refusing[] = {
	{"a path through a value", "\na = 1\n", {{{"a", "b"}, "1"}}, NULL, 2},
	{"a path through an array of tables", "\n\n[[a]]\nx = 1\n", {{{"a", "x"}, "1"}}, NULL, 3},
	{"to remove through an array of tables", "\n\n[[a]]\nx = 1\n", {{{"a", "x"}, NULL}}, NULL, 3},
	{"to remove through a value", "a = []\n", {{{"a", "x"}, NULL}}, NULL, 1},
	{"a value where a table stands", "x = 1\n[t]\n", {{{"t"}, "1"}}, NULL, 2},
	{"a value where a table was named on the way", "x = 1\n[t.u]\n", {{{"t"}, "1"}}, NULL, 2},
	{"a value where dotted keys make a table", "x = 1\n\nt.u = 1", {{{"t"}, "1"}}, NULL, 3},
	{"a value where an inline table stands", "t = {}\n", {{{"t"}, "1"}}, NULL, 1},
	{"a value where an array of tables stands", "[[t]]\n", {{{"t"}, "1"}}, NULL, 1},
	{"an object with a member that a table stands in the way of", "[t]\na = 1\n[t.u]\n", {{{"t"}, "{\"a\": 2, \"u\": 1}"}}, NULL, 3},
	{"null", "a = 1\n", {{{"a"}, "[null]"}}, NULL, 0},
	{"a path through a value that was set", "", {{{"a"}, "1"}, {{"a", "b"}, "1"}}, NULL, 0},
	{"no path", "", {{{NULL}, "1"}}, NULL, 0},
	{"a key that is not UTF-8", "", {{{"\xFF"}, "1"}}, NULL, 0},
};
/* clang-format on */

static int make_edit(struct toml *doc, const struct edit *edit, struct toml_error *error)
{
	if (!edit->json)
		return toml_remove(doc, edit->path, error);
	json_t *value = json_loads(edit->json, JSON_DECODE_ANY, NULL);
	int result = value ? toml_set(doc, edit->path, value, error) : -2;
	json_decref(value);
	return result;
}

static bool is_edit(const struct edit *edit)
{
	return edit->path[0] || edit->json;
}

static void show(const char *what, const char *text)
{
	printf("# %s: ", what);
	for (; *text; text++)
		printf(*text == '\n' ? "\\n" : *text == '\r' ? "\\r" : "%c", *text);
	putchar('\n');
}

static bool renders(struct toml *doc, const char *source, const char *expected)
{
	struct toml_error error = {.message = ""};
	struct buf text;

	buf_init(&text, 1 << 20);
	bool good = toml_edited(doc) == (strcmp(source, expected) != 0) &&
	            toml_render(doc, &text, &error) == 0 && !strcmp(text.data, expected);
	if (!good) {
		show("wanted", expected);
		show("got", text.data);
		printf("# error: %s\n", error.message);
	}
	buf_release(&text);
	return good;
}

static void try_case(const struct edit_case *c)
{
	struct toml_error error = {0};
	struct toml *doc = toml_parse(c->source, strlen(c->source), &error);
	bool good = doc != NULL;
	int result = 0;
	size_t count = 0;

	while (count < 8 && is_edit(&c->edits[count]))
		count++;
	for (size_t i = 0; good && i < count; i++) {
		result = make_edit(doc, &c->edits[i], &error);
		good = result == (c->expected || i + 1 < count ? 0 : -1);
	}
	if (!good)
		printf("# result %d at line %zu: %s\n", result, error.line, error.message);
	if (good && c->expected)
		good = renders(doc, c->source, c->expected);
	if (good && !c->expected)
		good = error.line == c->line && error.message[0];
	ok(good, "%s", c->sentence);
	toml_free(doc);
}

#define TRY_ALL(title, cases)                                                                                \
	do {                                                                                                 \
		printf("# " title "\n");                                                                     \
		for (size_t i = 0; i < sizeof(cases) / sizeof(*(cases)); i++)                                \
			try_case(&(cases)[i]);                                                               \
	} while (0)

static void test_render_into_what_is_too_small(void)
{
	struct toml_error error;
	struct toml *doc = toml_parse("a = 1\n", 6, &error);
	struct buf text;

	buf_init(&text, 3);
	ok(toml_render(doc, &text, &error) == -1 && text.len == 0 && error.message[0],
	    "a document longer than the buffer may hold is an error and leaves it empty");
	buf_release(&text);
	toml_free(doc);
}

static void test_reading_does_not_see_edits(void)
{
	struct toml_error error;
	const char *source = "a = 1\n[t]\nx = 1\n";
	struct toml *doc = toml_parse(source, strlen(source), &error);
	json_t *two = json_integer(2);

	toml_set(doc, (const char *[]){"a", NULL}, two, &error);
	toml_set(doc, (const char *[]){"t", "y", NULL}, two, &error);
	toml_remove(doc, (const char *[]){"t", "x", NULL}, &error);
	ok(toml_integer(toml_get(doc, (const char *[]){"a", NULL})) == 1 &&
	        toml_integer(toml_get(doc, (const char *[]){"t", "x", NULL})) == 1 &&
	        !toml_get(doc, (const char *[]){"t", "y", NULL}),
	    "nodes show the source, whatever edits are noted");
	json_decref(two);
	toml_free(doc);
}

static void test_remove_node(void)
{
	const char *source = "[t]\n\"a\\u0000b\" = 1\na = 2\n[[u]]\nx = 1\n";
	struct toml_error error;
	struct toml *doc = toml_parse(source, strlen(source), &error);
	const struct toml_node *node = toml_first(toml_get(doc, (const char *[]){"t", NULL}));
	const struct toml_node *element = toml_first(toml_get(doc, (const char *[]){"u", NULL}));

	ok(toml_remove_node(doc, toml_first(element), &error) == -1 && error.line == 5 && !toml_edited(doc),
	    "a member of an array's table cannot be removed");
	ok(toml_remove_node(doc, node, &error) == 0 && toml_remove_node(doc, node, &error) == 0 &&
	        renders(doc, source, "[t]\na = 2\n[[u]]\nx = 1\n"),
	    "a key that holds a NUL is removed by its node, twice is once");
	toml_free(doc);

	source = "[t]\na = 1\nb = {c = 1}\n";
	doc = toml_parse(source, strlen(source), &error);
	json_t *object = json_pack("{s:i}", "d", 1);
	node = toml_first(toml_get(doc, (const char *[]){"t", "b", NULL}));
	ok(toml_set(doc, (const char *[]){"t", "b", NULL}, object, &error) == 0 &&
	        toml_remove_node(doc, node, &error) == -1 &&
	        renders(doc, source, "[t]\na = 1\nb = { d = 1 }\n"),
	    "nor can a member of a table that was replaced");
	json_decref(object);
	toml_free(doc);
}

/* ---- many edits ---- */

static const int models = 10000;

static bool set_models(struct toml *doc, const json_t *value)
{
	static const char *const keys[] = {
	    "provider", "model", "max_context_size", "capabilities", "display_name", "o"};
	struct toml_error error;
	char name[32];
	bool good = true;

	for (int i = 0; i < models * 6; i++) {
		snprintf(name, sizeof(name), "kimi-code/%d", i % models);
		good = toml_set(doc, (const char *[]){"models", name, keys[i / models], NULL}, value,
		           &error) == 0 &&
		       good;
	}
	return good;
}

static bool remove_models(struct toml *doc)
{
	struct toml_error error;
	char name[32];
	bool good = true;

	for (int i = 0; i < models; i++) {
		snprintf(name, sizeof(name), "kimi-code/%d", i);
		good = toml_remove(doc, (const char *[]){"models", name, NULL}, &error) == 0 && good;
	}
	return good;
}

/* Generous, for slow machines and sanitizers; anything that is not linear takes minutes. */
static void test_many(const char *source, const char *form)
{
	struct toml_error error;
	struct buf with, without;
	json_t *value = json_pack("[ss]", "thinking", "image_in");
	struct toml *doc = toml_parse(source, strlen(source), &error);
	clock_t start = clock();

	buf_init(&with, (size_t)1 << 26);
	buf_init(&without, (size_t)1 << 26);
	bool good = set_models(doc, value) && toml_render(doc, &with, &error) == 0;
	toml_free(doc);
	doc = toml_parse(with.data, with.len, &error);
	good = good && doc && remove_models(doc) && toml_render(doc, &without, &error) == 0;
	ok(good && !strcmp(without.data, source), "%d models come and go, %s", models, form);
	ok((clock() - start) / CLOCKS_PER_SEC < 20, "and that takes no time to speak of");
	toml_free(doc);
	json_decref(value);
	buf_release(&with);
	buf_release(&without);
}

int main(void)
{
	TRY_ALL("replacing", replacing);
	TRY_ALL("inserting", inserting);
	TRY_ALL("removing", removing);
	TRY_ALL("comments", comments);
	TRY_ALL("several edits", together);
	TRY_ALL("refusing", refusing);
	test_render_into_what_is_too_small();
	test_reading_does_not_see_edits();
	test_remove_node();
	test_many("# x\n[models.mine]\nx = 1\n\n[z]\n", "as blocks");
	test_many("models = {}\n", "as members of an inline table");
	return tap_done();
}
