/*
 * kimi usage: how much of the quota or the balance is used.
 *
 * A status bar asks again and again, and loading libcurl would be most of what that
 * costs. So this program answers from the cache, and becomes the helper
 * kimi-usage-online where a server has to be asked.
 */
#include "api/usage_cache.h"
#include "base/exec_path.h"
#include "cli/usage_options.h"
#include "ui/usage_view.h"

#include <unistd.h>

/* Becomes the helper. Returns only if that cannot be. */
static int become_online(char **argv, struct err *err)
{
	char path[4096];

	if (sibling_find_helper("kimi-usage-online", path, sizeof(path), err) < 0)
		return -1;
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
		if (usage_cache_look(&context.home, &context.who, options->max_age, &usage)) {
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
	struct err err = {0};
	int failed = usage_options_begin(&c, &options, argc, argv, &err);

	if (!failed)
		failed = run(&options, argv, &err);
	return command_end(&c, failed < 0, &err);
}
