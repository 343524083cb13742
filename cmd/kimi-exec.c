/* kimi exec: becomes a command with a fresh token. A background process keeps the login fresh. */
#include "auth/api_key.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/expiry_notice.h"
#include "cli/token_keeper.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TOKEN = 128 * 1024 };

struct exec_options {
	const char *env, *file_env;
	struct token_keeper_options keeper;
};

static int check_name(const char *name, const char *option, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	if (strspn(name, letters) == strlen(name) && !strchr("0123456789", *name))
		return 0;
	return err_set(err, ERR_USAGE, "use letters, digits and _",
	    "%s: '%.80s' is not a valid variable name", option, name);
}

/* An empty --env sets no variable. */
static int check(const struct exec_options *options, bool has_command, struct err *err)
{
	if ((*options->env && check_name(options->env, "--env", err) < 0) ||
	    (options->file_env && check_name(options->file_env, "--file-env", err) < 0))
		return -1;
	if (options->file_env && strcmp(options->env, options->file_env) == 0)
		return err_set(
		    err, ERR_USAGE, OPTIONS_SEE_HELP, "--env and --file-env both name %s", options->env);
	if (!has_command)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "no command was given");
	return 0;
}

static void tell_expiry(const struct report *report, const struct token_keeper_options *keeper)
{
	struct context context;

	if (report->terminal && context_open(&context, &keeper->login, NULL) == 0)
		expiry_notice_speak(report, &context.account);
}

/* Returns only on failure. */
static int run(struct command *c, const struct exec_options *options, char *const argv[], struct err *err)
{
	struct token_keeper_result kept = {0};
	int result = -1;

	buf_init_secret(&kept.token, MAX_TOKEN);
	if (token_keeper_start(&options->keeper, &kept, err) < 0)
		goto out;
	tell_expiry(&c->report, &options->keeper);
	if (kept.is_access_token && strcmp(options->env, "KIMI_API_KEY") == 0 &&
	    api_key_mark_token(kept.token.data, err) < 0)
		goto out;
	if ((*options->env && setenv(options->env, kept.token.data, 1) < 0) ||
	    (options->file_env && setenv(options->file_env, kept.file, 1) < 0)) {
		err_memory(err);
		goto out;
	}
	result = command_become(c, argv, err);
out:
	buf_release(&kept.token);
	return result;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("exec", "[OPTIONS] [--] COMMAND [ARGUMENT ...]",
	    "Run a command with a fresh token in its environment.");
	struct exec_options options = {.env = "KIMI_API_KEY", .keeper = {.interval = 60}};
	const struct option_row table[] = {
	    {.kind = OPTION_KIND_TEXT,
	        .may_be_empty = true,
	        .name = "env",
	        .value = &options.env,
	        .argument = "NAME",
	        .help = "the variable for the token (default KIMI_API_KEY; empty: none)"},
	    OPTION_TEXT("file-env", &options.file_env, "NAME",
	        "a variable for the path of a file with the token, which is kept fresh"),
	    COMMAND_SECONDS_ROW("interval", &options.keeper.interval),
	    OPTION_TEXT("platform", &options.keeper.login.platform, "ID",
	        "the platform (default: kimi-code, or that of the default model)"),
	    COMMAND_ACCOUNT_ROW(&options.keeper.login.account),
	    COMMAND_CLIENT_ROW(&options.keeper.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END_AT_COMMAND,
	};
	int result = command_begin(&c, table, argc, argv, INT_MAX);

	if (result == 0)
		result = check(&options, c.operands < argc, &c.err);
	if (result == 0) {
		options.keeper.file = options.file_env != NULL;
		result = run(&c, &options, argv + c.operands, &c.err);
	}
	return command_end(&c, result);
}
