/* kimi refresh: renews the stored login if that is due. For cron, timers and kimi-token. */
#include "account/account.h"
#include "auth/api_key.h"
#include "base/env.h"
#include "cli/command.h"
#include "cli/model_sync.h"
#include "cli/refresh_one.h"
#include "cli/refresh_watch.h"
#include "home/home.h"
#include "login/device_flow.h"

#include <stdlib.h>

struct wish {
	const char *platform_id, *account, *storage;
	struct refresh_wish refresh;
	bool models, watch;
	double interval; /* seconds between two looks of --watch */
};

static int move(const struct report *report, struct store *store, const char *storage, struct err *err)
{
	if (login_move(store, store_kind_by_name(storage), err) < 0)
		return -1;
	report_note(report, "the login is kept in the %s now", storage);
	return 0;
}

static int refresh_tokens(const struct report *report, const struct wish *wish, const struct home *home,
    const struct identity *who, struct err *err)
{
	struct renewal renewal;

	if (renewal_run(report, home, who, &wish->refresh, &renewal, err) < 0)
		return -1;
	int failed = wish->storage ? move(report, &renewal.store, wish->storage, err) : 0;
	if (!failed)
		failed = renewal_foresee(&renewal, err);
	if (!failed)
		renewal_tell(report, &renewal);
	token_clear(&renewal.token);
	return failed;
}

/*
 * Every login there is, accounts too; the first that fails is the outcome, before it one that cannot wait, and stops
 * none of the others.
 */
static int refresh_all(const struct report *report, const struct wish *wish, const struct home *home,
    bool *ret_can_wait, struct err *err)
{
	size_t count = 0, stored = 0;
	struct identity *list = identity_list(home, &count);
	struct err none = {0};
	int failed = 0;

	if (!list)
		return err_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct err one = {0};
		if (refresh_tokens(report, wish, home, &list[i], &one) == 0) {
			stored++;
		} else if (one.code == ERR_LOGIN_REQUIRED) {
			none = one;
		} else {
			bool can_wait = renewal_can_wait(report, home, &list[i], &one);
			if (!failed || (*ret_can_wait && !can_wait)) {
				*err = one;
				*ret_can_wait = can_wait;
			} else if (!can_wait) {
				report_line(report, "%s", one.what);
			}
			failed = -1;
			stored++;
			if (one.code == ERR_INTERRUPTED)
				break;
		}
	}
	if (!stored) {
		*err = none;
		failed = -1;
	}
	free(list);
	return failed;
}

static int refresh_one(const struct report *report, const struct wish *wish, const struct home *home,
    bool *ret_can_wait, struct err *err)
{
	struct identity who;

	if (identity_find(&who, wish->platform_id, wish->account, err) < 0)
		return -1;
	if (*who.key) {
		int failed = refresh_tokens(report, wish, home, &who, err);
		*ret_can_wait = failed && renewal_can_wait(report, home, &who, err);
		return failed;
	}
	return platform_not_logged_in(who.platform, err);
}

static int watch(
    const struct report *report, const struct wish *wish, const struct home *home, bool all, struct err *err)
{
	struct identity who;

	if (wish->refresh.force || wish->models || wish->storage)
		return err_set(
		    err, ERR_USAGE, "see --help", "--watch excludes --force, --models and --storage");
	if (all)
		return watch_run(report, home, NULL, &wish->refresh, wish->interval, err);
	if (identity_find(&who, wish->platform_id, wish->account, err) < 0)
		return -1;
	if (!*who.key)
		return err_set(err, ERR_USAGE, "leave out --platform",
		    "there is nothing to watch: an API key of %s does not end", who.platform->name);
	return watch_run(report, home, &who, &wish->refresh, wish->interval, err);
}

static int sync_models(
    const struct report *report, const struct home *home, const struct platform *only, struct err *err)
{
	struct identity who;

	if (only && identity_find(&who, only->id, "", err) < 0)
		return -1;
	return model_sync_all(report, home, only ? &who : NULL, err);
}

static int run(struct command *c, const struct wish *wish, struct err *err)
{
	const struct platform *only = wish->platform_id ? platform_find(wish->platform_id, err) : NULL;
	bool all = !wish->platform_id && !wish->account && !env_get("KIMI_ACCOUNT");
	struct home home;

	if ((wish->platform_id && !only) || home_find(&home, err) < 0)
		return -1;
	if (wish->watch)
		return watch(&c->report, wish, &home, all, err);
	int failed = all ? refresh_all(&c->report, wish, &home, &c->report.silent, err)
	                 : refresh_one(&c->report, wish, &home, &c->report.silent, err);
	/* Where only API keys are stored there is nothing to refresh, which is no reason for a cron job to complain. */
	if (failed && err->code == ERR_LOGIN_REQUIRED && !wish->storage && api_key_is_stored(&home, only)) {
		failed = 0;
		report_tell(&c->report, "success", json_pack("{s:b}", "refreshed", 0),
		    "nothing to refresh: an API key does not end");
	}
	if (!failed && wish->models)
		failed = sync_models(&c->report, &home, only, err);
	return failed;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("refresh", "[OPTIONS]", "Renew the stored login if that is due.");
	struct wish wish = {.refresh = {.background = true, .min_valid = -1}, .interval = 60};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("force", &wish.refresh.force, "refresh now, whatever is left of the token"),
	    OPTION_NUMBER("min-valid", &wish.refresh.min_valid, "SECONDS", 0, 1e9,
	        "refresh also what is good for less than that (default 300)"),
	    OPTION_FLAG("models", &wish.models, "bring the models in config.toml up to date too"),
	    OPTION_CHOICE("storage", &wish.storage, "keyring|file", "move the login there"),
	    OPTION_FLAG("watch", &wish.watch, "stay, look every minute, and end at SIGTERM or Ctrl-C"),
	    {.kind = OPTION_KIND_NUMBER, /* a minute is long for a test */
	        .hidden = true,
	        .name = "interval",
	        .value = &wish.interval,
	        .least = 0.01,
	        .most = 3600},
	    OPTION_TEXT(
	        "platform", &wish.platform_id, "ID", "the platform (default all that are logged in to)"),
	    COMMAND_ACCOUNTS_ROW(&wish.account),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &err);
	return command_end(&c, failed < 0, &err);
}
