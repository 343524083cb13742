/*
 * kimi usage: how much of the quota or the balance is used.
 *
 * A status bar runs it often, and loading libcurl would be most of the cost. So this
 * program reads the cache, and becomes the helper kimi-usage-online if a server has to
 * be asked.
 */
#include "api/usage_cache.h"
#include "base/exec_path.h"
#include "cli/usage_options.h"
#include "ui/usage_view.h"

#include <unistd.h>

/* Becomes the helper. Returns only if it cannot. */
static int become_online(char **argv, struct err *err)
{
	char path[4096];

	if (exec_path_find_helper("kimi-usage-online", path, sizeof(path), NULL) < 0)
		return err_set(err, ERR_FAILED, "install libcurl and the toolkit again",
		    "kimi-usage-online, the part of 'kimi usage' that needs libcurl, is not installed");
	command_unharden();
	execv(path, argv);
	return err_errno(err, ERR_FAILED, "install the toolkit again", "cannot run %.300s", path);
}

static int run(const struct usage_options *options, char **argv, struct err *err)
{
	struct context context;
	struct usage usage;

	if (options->line && options->max_age >= 0) {
		if (context_open(&context, &options->login, err) < 0)
			return -1;
		if (usage_cache_look(&context.account, options->max_age, &usage)) {
			usage_show_line(&usage, false);
			return 0;
		}
	}
	return become_online(argv, err);
}

int main(int argc, char **argv)
{
	struct usage_options options;
	struct command c;
	int result = usage_options_begin(&c, &options, argc, argv);

	if (result == 0)
		result = run(&options, argv, &c.err);
	return command_end(&c, result);
}
