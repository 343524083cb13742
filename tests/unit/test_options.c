#include "base/options.h"

#include "tap.h"

#include <string.h>

static struct {
	bool flag, help;
	const char *text, *empty, *choice;
	double number;
} got;

static const struct option_row table[] = {
    OPTION_FLAG("flag", &got.flag, "a flag"),
    OPTION_TEXT("text", &got.text, "TEXT", "a text"),
    {.kind = OPTION_KIND_TEXT,
        .name = "empty",
        .value = &got.empty,
        .argument = "TEXT",
        .help = "a text or none",
        .may_be_empty = true},
    OPTION_CHOICE("choice", &got.choice, "on|off", "a choice"),
    OPTION_NUMBER("number", &got.number, "SECONDS", 0, 100, "a number"),
    {.kind = OPTION_KIND_FLAG, .letter = 'h', .name = "help", .value = &got.help, .help = "help"},
    {.kind = OPTION_KIND_FLAG, .hidden = true, .name = "secret", .value = &got.help},
    OPTION_END,
};

static bool run_help;
static const struct option_row run_table[] = {
    {.kind = OPTION_KIND_FLAG, .letter = 'h', .name = "help", .value = &run_help, .help = "help"},
    OPTION_END_AT_COMMAND,
};

static struct err err;
static char *words[12];
static int count, operands;

/* Parses the words up to NULL. */
static int parse(const struct option_row *rows, const char *const args[])
{
	memset(&got, 0, sizeof(got));
	got.number = -1;
	run_help = false;
	err = (struct err){0};
	words[0] = (char *)"kimi";
	for (count = 1; args[count - 1]; count++)
		words[count] = (char *)args[count - 1];
	words[count] = NULL;
	return options_parse(rows, count, words, &operands, &err);
}

#define PARSE(...) parse(table, (const char *const[]){__VA_ARGS__, NULL})

static void test_taking(void)
{
	ok(PARSE(NULL) == 0 && operands == 1 && !got.flag && !got.text && got.number == -1,
	    "without options all stays as it was");
	ok(PARSE("--flag", "--text", "a b", "--choice=off", "--number", "7.5", "-h") == 0 && got.flag &&
	        got.help && strcmp(got.text, "a b") == 0 && strcmp(got.choice, "off") == 0 &&
	        got.number == 7.5,
	    "each kind is taken, its value beside it or behind =");
	ok(PARSE("one", "--flag", "two") == 0 && got.flag && count - operands == 2 &&
	        strcmp(words[operands], "one") == 0 && strcmp(words[operands + 1], "two") == 0,
	    "operands are moved to the end, in their order");
	ok(PARSE("--", "--flag", "-h") == 0 && !got.flag && count - operands == 2 &&
	        strcmp(words[operands], "--flag") == 0,
	    "-- ends the options");
	ok(PARSE("-") == 0 && count - operands == 1, "a dash alone is an operand");
	ok(PARSE("--text", "--flag") == 0 && strcmp(got.text, "--flag") == 0 && !got.flag,
	    "a value may look like an option");
	ok(PARSE("--text", "a", "--text", "b") == 0 && strcmp(got.text, "b") == 0,
	    "the last of two values counts");
	ok(PARSE("--empty=") == 0 && got.empty && !*got.empty && PARSE("--empty", "") == 0 && got.empty,
	    "a value may be empty where that means something");
	ok(PARSE("--number", "0") == 0 && got.number == 0 && PARSE("--number", "100") == 0 &&
	        got.number == 100,
	    "a number may be the least and the most");
}

static void test_command(void)
{
	const char *const words_of_one[] = {"-h", "ls", "--help", "-x", NULL}, *const other[] = {
	                                                                           "ls", "-h", NULL};

	ok(parse(run_table, words_of_one) == 0 && run_help && count - operands == 3 &&
	        strcmp(words[operands], "ls") == 0,
	    "where the operands are a command, the first one ends the options");
	ok(parse(run_table, other) == 0 && !run_help && count - operands == 2, "what follows it has its own");
}

static bool is_refused(const char *what, const char *hint)
{
	bool refused = err.code == ERR_USAGE && strstr(err.what, what) && strstr(err.hint, hint);

	if (!refused)
		printf("# %s; %s\n", err.what, err.hint);
	return refused;
}

static void test_refusing(void)
{
	static const char *const no_numbers[] = {"", " 1", "1 ", "-1", "+1", "0x10", "1e2", "inf", "nan",
	    "1.2.3", ".", "100.5", "101", "1,5", "99999999999999999999999999", NULL};

	ok(PARSE("--flagg") == -1 && is_refused("'--flagg'", "did you mean --flag?"),
	    "an unknown option names the nearest one");
	ok(PARSE("--xyzzy") == -1 && is_refused("'--xyzzy'", "see --help"), "or none that is not near");
	ok(PARSE("--secre") == -1 && is_refused("'--secre'", "see --help"), "or one that is hidden");
	ok(PARSE("--num", "1") == -1 && is_refused("'--num'", "--number") && got.number == -1,
	    "the beginning of a name is not the name");
	ok(PARSE("--num=1") == -1 && is_refused("'--num=1'", "--number"), "with = neither");
	ok(PARSE("-x") == -1 && is_refused("'-x'", "see --help") && PARSE("-hx") == -1 &&
	        is_refused("'-x'", ""),
	    "an unknown letter is told, also behind another");
	ok(PARSE("-\xC3\xA9") == -1 && is_refused("unknown option", ""), "one beyond ASCII too");
	ok(PARSE("--flag=yes") == -1 && is_refused("--flag takes no value", ""), "a flag takes no value");
	ok(PARSE("--text") == -1 && is_refused("--text needs a value", ""), "a missing value is told");
	ok(PARSE("--text=") == -1 && is_refused("--text needs a value", ""), "so is an empty one");
	ok(PARSE("--choice", "o") == -1 && is_refused("--choice takes on|off, not 'o'", ""),
	    "a choice is one of its values");
	ok(PARSE("--choice", "on|off") == -1 && PARSE("--choice", "") == -1, "and not two, or none");
	for (const char *const *word = no_numbers; *word; word++)
		ok(PARSE("--number", *word) == -1 &&
		        is_refused("--number takes a number from 0 to 100", "") && got.number == -1,
		    "'%s' is no such number", *word);
	ok(PARSE("--=") == -1 && PARSE("--==x") == -1, "an option without a name is unknown");
}

static void test_flag_before_parsing(void)
{
	char *args[] = {
	    (char *)"kimi", (char *)"--bad", (char *)"--json", (char *)"--", (char *)"--late", NULL};

	ok(options_has_flag(5, args, "json") && !options_has_flag(5, args, "late") &&
	        !options_has_flag(5, args, "jso"),
	    "a flag is seen before parsing, but not behind --");
}

static void test_help(void)
{
	struct buf out;

	buf_init(&out, 4096);
	options_help(run_table, 80, &out);
	ok(strcmp(out.data, "  -h, --help  help\n") == 0, "help shows letter, name and text");
	buf_clear(&out);
	options_list(table, &out);
	ok(strstr(out.data, "--flag\t\ta flag\n") == out.data &&
	        strstr(out.data, "--choice\ton|off\ta choice\n") && !strstr(out.data, "secret"),
	    "the list has a line a row, without those that are hidden");
	buf_release(&out);
}

static void test_nearest(void)
{
	static const char *const names[] = {"login", "logout", "models", NULL};
	char long_word[200];

	memset(long_word, 'x', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	ok(strcmp(options_nearest("lgoin", names), "login") == 0,
	    "two letters that changed places are one error");
	ok(strcmp(options_nearest("mod", names), "models") == 0, "a beginning is near");
	ok(!options_nearest("xyzzy", names) && !options_nearest(long_word, names), "what is far is nothing");
}

int main(void)
{
	test_taking();
	test_command();
	test_refusing();
	test_flag_before_parsing();
	test_help();
	test_nearest();
	return tap_done();
}
