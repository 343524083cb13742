/* kimi refresh: refreshes the stored login if needed. For cron, timers and kimi-token. */
#include "account/account.h"
#include "auth/api_key.h"
#include "base/env.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/model_sync.h"
#include "cli/refresh_one.h"
#include "cli/refresh_watch.h"
#include "login/device_flow.h"

#include <stdlib.h>

struct wish {
	struct login_options login;
	const char *storage;
	struct refresh_wish refresh;
	bool models, watch;
	double interval; /* seconds between two looks of --watch */
};

static int refresh_move(
    const struct report *report, struct store *store, const char *storage, struct err *err)
{
	if (login_move(store, store_kind_by_name(storage), err) < 0)
		return -1;
	report_note(report, "login moved to %s",
	    store_kind_by_name(storage) == STORE_FILE ? "a private file" : "the keyring");
	return 0;
}

static int refresh_tokens(const struct report *report, const struct wish *wish, const struct home *home,
    const struct identity *who, struct err *err)
{
	struct renewal renewal;

	if (store_check_kind(home, wish->storage, err) < 0 ||
	    renewal_run(report, home, who, &wish->refresh, &renewal, err) < 0)
		return -1;
	int failed = wish->storage ? refresh_move(report, &renewal.store, wish->storage, err) : 0;
	if (!failed)
		failed = renewal_foresee(&renewal, err);
	if (!failed)
		renewal_tell(report, &renewal);
	token_clear(&renewal.token);
	return failed;
}

/* What became of several logins. */
struct outcome {
	size_t stored;   /* of those that were found */
	struct err none; /* why none was */
	int result;
	bool can_wait; /* the failure is none that somebody must hear of now */
	struct err err;
};

/* The first failure is the outcome, before it one that cannot wait; it stops none of the others. */
static void refresh_next(const struct report *report, const struct wish *wish, const struct home *home,
    const struct identity *who, struct outcome *outcome)
{
	struct err err = {0};

	if (refresh_tokens(report, wish, home, who, &err) == 0) {
		outcome->stored++;
		return;
	}
	if (err.code == ERR_LOGIN_REQUIRED) {
		if (outcome->none.code == ERR_NONE)
			outcome->none = err;
		return;
	}
	bool can_wait = renewal_can_wait(report, home, who, &err);
	outcome->stored++;
	if (outcome->result == 0 || (outcome->can_wait && !can_wait)) {
		outcome->err = err;
		outcome->can_wait = can_wait;
	} else if (!can_wait) {
		report_line(report, "%s", err.what);
	}
	outcome->result = -1;
}

/* Every login of a home, accounts too. */
static int refresh_home(const struct report *report, const struct wish *wish, const struct home *home,
    struct outcome *outcome, struct err *err)
{
	size_t count = 0;
	struct identity *list = identity_list(home, &count, err);

	if (!list)
		return -1;
	for (size_t i = 0; i < count && outcome->err.code != ERR_INTERRUPTED; i++)
		refresh_next(report, wish, home, &list[i], outcome);
	free(list);
	return 0;
}

static int refresh_all(
    struct report *report, const struct wish *wish, const struct home homes[], size_t count, struct err *err)
{
	struct outcome outcome = {0};

	for (size_t i = 0; i < count; i++)
		if (refresh_home(report, wish, &homes[i], &outcome, err) < 0)
			return -1;
	report->silent = outcome.can_wait;
	*err = outcome.stored ? outcome.err : outcome.none;
	return outcome.stored ? outcome.result : -1;
}

static int refresh_selected(
    struct report *report, const struct wish *wish, const struct context *context, struct err *err)
{
	const struct identity *who = &context->who;

	if (!*who->key)
		return platform_not_logged_in(who->platform, err);
	int result = refresh_tokens(report, wish, &context->home, who, err);
	report->silent = result < 0 && renewal_can_wait(report, &context->home, who, err);
	return result;
}

/* Where only API keys are stored there is nothing to refresh, which is no reason for a cron job to complain. */
static bool only_keys_are_stored(const struct home homes[], size_t count, const struct platform *only)
{
	for (size_t i = 0; i < count; i++)
		if (api_key_is_stored(&homes[i], only))
			return true;
	return false;
}

static int check(const struct wish *wish, struct err *err)
{
	const struct platform *platform = NULL;

	if (wish->login.platform && !(platform = platform_find(wish->login.platform, err)))
		return -1;
	if (wish->watch && (wish->refresh.force || wish->models || wish->storage))
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--watch cannot be used with --force, --models or --storage");
	if (wish->watch && platform && !platform->oauth_key)
		return err_set(err, ERR_USAGE, "leave out --platform",
		    "there is nothing to watch: an API key of %s does not end", platform->name);
	return 0;
}

static bool has_any_login(const struct home *home, const struct platform *only)
{
	struct identity who;

	if (api_key_is_stored(home, only))
		return true;
	return identity_find(&who, home, only ? only->id : NULL, "", NULL) == 0 &&
	       identity_is_stored(&who, home);
}

/* The models of the homes, after a refresh that went well. */
static int sync_models(const struct report *report, const struct home homes[], size_t count,
    const struct platform *only, struct err *err)
{
	struct identity who;
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		if (only && identity_find(&who, &homes[i], only->id, "", err) < 0)
			return -1;
		if (count == 1 || has_any_login(&homes[i], only))
			result = model_sync_all(report, &homes[i], only ? &who : NULL, err);
	}
	return result;
}

static int run(struct command *c, struct wish *wish, struct err *err)
{
	const struct login_options *login = &wish->login;
	bool all = !login->platform && !login->account && !env_get("KIMI_ACCOUNT");
	struct home homes[CLIENTS];
	struct context context;
	size_t count = 1;

	wish->refresh.insist = wish->refresh.force;
	if (check(wish, err) < 0 || context_open(&context, login, err) < 0)
		return -1;
	const struct platform *only = login->platform ? context.who.platform : NULL;
	homes[0] = context.home;
	if (all && context_homes(homes, &count, login, err) < 0)
		return -1;
	for (size_t i = 0; wish->models && i < count; i++)
		if (home_check_writable(&homes[i], err) < 0)
			return -1;
	if (wish->watch)
		return watch_run(
		    &c->report, homes, count, all ? NULL : &context.who, &wish->refresh, wish->interval, err);
	int result = all ? refresh_all(&c->report, wish, homes, count, err)
	                 : refresh_selected(&c->report, wish, &context, err);
	if (result < 0 && err->code == ERR_LOGIN_REQUIRED && !wish->storage &&
	    only_keys_are_stored(homes, count, only)) {
		result = 0;
		report_tell(&c->report, "success", json_pack("{s:b}", "refreshed", 0),
		    "nothing to refresh: an API key does not end");
	}
	if (result == 0 && wish->models)
		result = sync_models(&c->report, homes, count, only, err);
	return result;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("refresh", "[OPTIONS]", "Refresh the stored login if needed.");
	struct wish wish = {.refresh = {.background = true, .min_valid = -1}, .interval = 60};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("force", &wish.refresh.force, "refresh now, even if it is not due"),
	    OPTION_NUMBER("min-valid", &wish.refresh.min_valid, "SECONDS", 0, 1e9,
	        "refresh if fewer than SECONDS are left (default 300)"),
	    OPTION_FLAG("models", &wish.models, "also update the models in config.toml"),
	    OPTION_CHOICE("storage", &wish.storage, "keyring|file", "move the login there"),
	    OPTION_FLAG(
	        "watch", &wish.watch, "keep running and check every minute; end it with Ctrl-C or SIGTERM"),
	    {.kind = OPTION_KIND_NUMBER, /* a minute is long for a test */
	        .hidden = true,
	        .name = "interval",
	        .value = &wish.interval,
	        .least = 0.01,
	        .most = 3600},
	    OPTION_TEXT("platform", &wish.login.platform, "ID", "the platform (default: all with a login)"),
	    COMMAND_ACCOUNTS_ROW(&wish.login.account),
	    COMMAND_CLIENT_ROW(&wish.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &err);
	config_notes_tell(&c.report);
	return command_end(&c, failed < 0, &err);
}
