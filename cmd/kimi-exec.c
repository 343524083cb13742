/* kimi exec: runs a command with a fresh token in its environment, and keeps the login fresh meanwhile. */
#include "account/account.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/expiry_notice.h"
#include "cli/supervise.h"
#include "cli/token_keeper.h"
#include "home/home.h"

#include <limits.h>
#include <string.h>

enum { MAX_TOKEN = 128 * 1024 };

struct wish {
	const char *env, *file_env;
	struct keeper_wish keep;
};

static int check_name(const char *name, const char *option, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	if (strspn(name, letters) == strlen(name) && !strchr("0123456789", *name))
		return 0;
	return err_set(err, ERR_USAGE, "use letters, digits and _",
	    "%s: '%.80s' cannot be the name of a variable", option, name);
}

/* An empty --env is none. */
static int check(const struct wish *wish, bool has_command, struct err *err)
{
	if ((*wish->env && check_name(wish->env, "--env", err) < 0) ||
	    (wish->file_env && check_name(wish->file_env, "--file-env", err) < 0))
		return -1;
	if (wish->file_env && strcmp(wish->env, wish->file_env) == 0)
		return err_set(
		    err, ERR_USAGE, "see --help", "--env and --file-env are the same, %s", wish->env);
	if (!has_command)
		return err_set(err, ERR_USAGE, "see --help", "no command was given");
	return 0;
}

static void remind(const struct report *report, const struct keeper_wish *keep)
{
	struct identity who;
	struct home home;

	if (report->terminal && identity_find(&who, keep->platform_id, keep->account, NULL) == 0 &&
	    home_find(&home, NULL) == 0)
		reminder_speak(report, &home, &who);
}

static int run(const struct report *report, const struct wish *wish, char *const argv[],
    struct supervised *ret_end, struct err *err)
{
	struct keeper keeper;
	struct buf token;

	buf_init_secret(&token, MAX_TOKEN);
	int failed = keeper_start(&keeper, &wish->keep, &token, err);
	if (!failed) {
		const struct supervise_variable variables[2] = {
		    {*wish->env ? wish->env : NULL, token.data}, {wish->file_env, keeper.file}};
		remind(report, &wish->keep);
		failed = supervise_run(argv, variables, ret_end, err);
		keeper_stop(&keeper);
	}
	buf_release(&token);
	return failed;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("exec", "[OPTIONS] [--] COMMAND [ARGUMENT ...]",
	    "Run a command with a fresh token in its environment.");
	struct wish wish = {.env = "KIMI_API_KEY", .keep = {.interval = 60}};
	struct supervised end = {0};
	struct err err = {0};
	const struct option_row table[] = {
	    {.kind = OPTION_KIND_TEXT,
	        .may_be_empty = true,
	        .name = "env",
	        .value = &wish.env,
	        .argument = "NAME",
	        .help = "the variable of the token (default KIMI_API_KEY; empty: none)"},
	    OPTION_TEXT("file-env", &wish.file_env, "NAME",
	        "a variable with the path of a file that always holds the current token"),
	    {.kind = OPTION_KIND_NUMBER, /* a minute is long for a test */
	        .hidden = true,
	        .name = "interval",
	        .value = &wish.keep.interval,
	        .least = 0.01,
	        .most = 3600},
	    OPTION_TEXT("platform", &wish.keep.platform_id, "ID",
	        "the platform (default kimi-code, else that of the default model)"),
	    COMMAND_ACCOUNT_ROW(&wish.keep.account),
	    COMMAND_ROWS(c),
	    OPTION_END_AT_COMMAND,
	};
	int failed = command_begin(&c, table, argc, argv, INT_MAX, &err);

	if (!failed)
		failed = check(&wish, c.operands < argc, &err);
	if (!failed) {
		wish.keep.file = wish.file_env != NULL;
		failed = run(&c.report, &wish, argv + c.operands, &end, &err);
	}
	int status = command_end_with(&c, failed < 0, &err, end.status);
	if (!failed)
		supervise_die_alike(&end);
	return end.status ? end.status : status;
}
