#include "cli/usage_options.h"

static int usage_options_check(const struct usage_options *o, bool json, struct err *err)
{
	if (o->line && json)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "--json and --line cannot be used together");
	if (o->line && o->check >= 0)
		return err_set(
		    err, ERR_USAGE, OPTIONS_SEE_HELP, "--check and --line cannot be used together");
	if (o->line && o->all)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "--all and --line cannot be used together");
	if (o->all && o->login.account)
		return err_set(
		    err, ERR_USAGE, "leave out one of them", "--all and --account cannot be used together");
	return 0;
}

int usage_options_begin(struct command *ret_command, struct usage_options *ret_options, int argc, char **argv)
{
	struct command *c = ret_command;
	struct usage_options *o = ret_options;
	const struct option_row table[] = {
	    OPTION_FLAG("all", &o->all, "show every login"),
	    OPTION_NUMBER("check", &o->check, "PERCENT", 0, 100,
	        "print nothing; exit 1 if PERCENT of a window is used"),
	    OPTION_FLAG("line", &o->line, "print one line, for a status bar"),
	    OPTION_NUMBER(
	        "max-age", &o->max_age, "SECONDS", 0, 1e9, "use the last answer if it is not older"),
	    OPTION_TEXT("platform", &o->login.platform, "ID", "the platform (default: kimi-code)"),
	    COMMAND_ACCOUNT_ROW(&o->login.account),
	    COMMAND_CLIENT_ROW(&o->login.client),
	    {.kind = OPTION_KIND_FLAG, .hidden = true, .name = "profile", .value = &o->profile},
	    COMMAND_ROWS(*c),
	    OPTION_END,
	};

	*c = (struct command)COMMAND_INIT(
	    "usage", "[OPTIONS]", "Show how much of your quota or balance is used, and when it resets.");
	*o = (struct usage_options){.check = -1, .max_age = -1};
	int result = command_begin(c, table, argc, argv, 0);
	if (result == 0)
		result = usage_options_check(o, c->report.json, &c->err);
	return result;
}
