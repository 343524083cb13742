/* kimi refresh: refreshes the stored login if needed. For cron, timers and kimi-token. */
#include "account/account.h"
#include "auth/api_key.h"
#include "base/env.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/model_sync.h"
#include "cli/refresh_many.h"
#include "cli/refresh_watch.h"
#include "store/store.h"

struct options {
	struct login_options login;
	const char *storage;
	struct refresh_options refresh;
	bool models, watch;
	double interval; /* seconds between two checks of --watch */
};

/* What a run works on. */
struct work {
	const struct options *options;
	struct report *report;
	struct context context;      /* the login that the options mean */
	const struct platform *only; /* named by an option; NULL: none was */
	bool all;                    /* every login of the homes below, not only that one */
	struct home homes[CLIENTS];
	size_t home_count;
};

static int refresh(const struct work *work, struct err *err)
{
	const struct account *account = &work->context.account;
	struct refresh_many many = {
	    .report = work->report,
	    .options = &work->options->refresh,
	    .several_homes = work->home_count > 1,
	    .storage = work->options->storage,
	};
	int result = 0;

	if (!work->all && !*account->key)
		return account_not_logged_in(account, err);
	if (!work->all)
		refresh_many_account(&many, account);
	for (size_t n = 0; n < work->home_count && work->all && result == 0; n++)
		result = refresh_many_home(&many, &work->homes[n], err);
	if (result == 0)
		result = refresh_many_run(&many, err);
	refresh_many_clear(&many);
	return result;
}

/* If only API keys are stored there is nothing to refresh, and a cron job should not fail. */
static bool only_keys_are_stored(const struct work *work)
{
	for (size_t i = 0; i < work->home_count; i++)
		if (api_key_is_stored(&work->homes[i], work->only))
			return true;
	return false;
}

static int check(const struct options *options, struct err *err)
{
	const struct platform *platform = NULL;
	const struct client *client;

	if (home_find_client(options->login.client, &client, err) < 0 ||
	    (client && store_check_kind(client, options->storage, err) < 0))
		return -1;
	if (options->login.platform && !(platform = platform_find(options->login.platform, err)))
		return -1;
	if (options->watch && (options->refresh.force || options->models || options->storage))
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--watch cannot be used with --force, --models or --storage");
	if (options->watch && platform && !platform->oauth_key)
		return err_set(err, ERR_USAGE, "leave out --platform",
		    "an API key of %s does not expire, so there is nothing to watch", platform->name);
	return 0;
}

static int watch(const struct work *work, struct err *err)
{
	struct refresh_watch_options options = {
	    .report = work->report,
	    .homes = work->homes,
	    .home_count = work->home_count,
	    .refresh = &work->options->refresh,
	    .interval = work->options->interval,
	};

	if (!work->all)
		options.only = &work->context.account;
	return refresh_watch_run(&options, err);
}

static int find_homes(struct work *work, struct err *err)
{
	const struct login_options *login = &work->options->login;

	if (context_open(&work->context, login, err) < 0)
		return -1;
	if (login->platform)
		work->only = work->context.account.platform;
	work->all = !login->platform && !login->account && !env_get("KIMI_ACCOUNT");
	work->homes[0] = work->context.home;
	work->home_count = 1;
	if (work->all && context_homes(work->homes, &work->home_count, login, err) < 0)
		return -1;
	for (size_t i = 0; work->options->models && i < work->home_count; i++)
		if (home_check_writable(&work->homes[i], err) < 0)
			return -1;
	return 0;
}

static int run(struct command *c, const struct options *options, struct err *err)
{
	struct work work = {.options = options, .report = &c->report};

	if (check(options, err) < 0 || find_homes(&work, err) < 0)
		return -1;
	if (options->watch)
		return watch(&work, err);
	int result = refresh(&work, err);
	if (result < 0 && err->code == ERR_LOGIN_REQUIRED && !options->storage &&
	    only_keys_are_stored(&work)) {
		result = 0;
		report_tell(&c->report, "success", json_pack("{s:b}", "refreshed", 0),
		    "nothing to refresh: an API key does not expire");
	}
	if (result == 0 && options->models)
		result = model_sync_homes(&c->report, work.homes, work.home_count, work.only, err);
	return result;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("refresh", "[OPTIONS]", "Refresh the stored login if needed.");
	struct options options = {.refresh = {.background = true, .min_valid = -1}, .interval = 60};
	const struct option_row table[] = {
	    OPTION_FLAG("force", &options.refresh.force, "refresh now, even if it is not due"),
	    OPTION_NUMBER("min-valid", &options.refresh.min_valid, "SECONDS", 0, 1e9,
	        "refresh if fewer than SECONDS are left (default 300)"),
	    OPTION_FLAG("models", &options.models, "also update the models in config.toml"),
	    OPTION_CHOICE("storage", &options.storage, "keyring|file", "move the login there"),
	    OPTION_FLAG("watch", &options.watch,
	        "keep running and check every minute; end it with Ctrl-C or SIGTERM"),
	    COMMAND_SECONDS_ROW("interval", &options.interval),
	    OPTION_TEXT(
	        "platform", &options.login.platform, "ID", "the platform (default: all with a login)"),
	    COMMAND_ACCOUNTS_ROW(&options.login.account),
	    COMMAND_CLIENT_ROW(&options.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0);

	options.refresh.insist = options.refresh.force;
	if (result == 0)
		result = run(&c, &options, &c.err);
	config_notes_tell(&c.report);
	return command_end(&c, result);
}
