/* A command line, its words separated by NULs: it is accepted or refused, and accepted values fit the table. */
#include "base/options.h"

#include "fuzz.h"

enum { MAX_WORDS = 24 };

static void try_table(bool for_command, int argc, char *const given[])
{
	bool flag = false, help = false;
	const char *text = NULL, *empty = NULL, *choice = NULL;
	double number = -1;
	const struct option_row table[] = {
	    OPTION_FLAG("flag", &flag, "a flag"),
	    OPTION_FLAG("force", &flag, "another that begins like it"),
	    OPTION_TEXT("text", &text, "TEXT", "a text"),
	    {.kind = OPTION_KIND_TEXT,
	        .name = "empty",
	        .value = &empty,
	        .argument = "X",
	        .may_be_empty = true},
	    OPTION_CHOICE("choice", &choice, "on|off|auto", "a choice"),
	    OPTION_NUMBER("number", &number, "SECONDS", 0, 1e9, "a number"),
	    {.kind = OPTION_KIND_FLAG, .letter = 'h', .name = "help", .value = &help, .help = "help"},
	    {.kind = OPTION_KIND_FLAG, .hidden = true, .name = "secret", .value = &flag},
	    {.kind = OPTION_KIND_END, .name = for_command ? "COMMAND" : NULL},
	};
	char *argv[MAX_WORDS + 2];
	struct err err = {0};
	int operands = -1;

	memcpy(argv, given, sizeof(argv));
	if (options_parse(table, argc, argv, &operands, &err) < 0) {
		need(err.code == ERR_USAGE && *err.what && *err.hint && operands == -1);
		return;
	}
	need(operands >= 1 && operands <= argc);
	need(number == -1 || (number >= 0 && number <= 1e9));
	need(!text || *text);
	need(!choice || !strcmp(choice, "on") || !strcmp(choice, "off") || !strcmp(choice, "auto"));
	for (int i = operands; for_command && i < argc; i++)
		need(argv[i] == given[i]);
	need(!for_command || operands == argc || argv[operands][0] != '-' || !argv[operands][1] ||
	     !strcmp(argv[operands - 1], "--"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"flag", "login", "logout", NULL};
	char *text = fuzz_string(data, size), *argv[MAX_WORDS + 2] = {(char *)"kimi"};
	int argc = 1;

	for (char *at = text; at < text + size && argc <= MAX_WORDS; at += strlen(at) + 1)
		argv[argc++] = at;
	try_table(false, argc, argv);
	try_table(true, argc, argv);
	options_has_flag(argc, argv, "json");
	const char *near = options_nearest(text, names);
	need(!near || strlen(text) < 40);
	free(text);
	return 0;
}
