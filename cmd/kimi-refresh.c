/* kimi refresh: renews the stored login if that is due. For cron, timers and kimi-token. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/model_sync.h"
#include "cli/say.h"
#include "kimi/api_key.h"
#include "kimi/config.h"
#include "kimi/home.h"
#include "kimi/platform.h"
#include "kimi/refresh.h"

#include <math.h>

struct wish {
	const char *platform_id, *storage;
	struct refresh_wish refresh;
	bool models;
};

static void tell(const struct report *report, const struct platform *platform, const struct token *token,
    enum refresh_outcome outcome)
{
	static const char *const words[] = {
	    [REFRESH_NOT_NEEDED] = "no refresh is due",
	    [REFRESH_DONE] = "refreshed",
	    [REFRESH_BY_OTHER] = "another process has refreshed",
	};
	char span[SAY_SPAN_MAX];

	say_span(token_left(token, clock_now()), span);
	report_tell(report, "success",
	    json_pack("{s:s, s:b, s:I}", "platform", platform->id, "refreshed", outcome != REFRESH_NOT_NEEDED,
	        "expires_at", (json_int_t)floor(token->expires_at)),
	    "%s; the token is good for another %s", words[outcome], span);
}

static int move(const struct report *report, const struct home *home, const struct platform *platform,
    struct store *store, const char *storage, struct err *err)
{
	if (store_move(store, store_kind_by_name(storage), err) < 0 ||
	    config_set_storage(home, platform, storage, err) < 0)
		return -1;
	report_note(report, "the login is kept in the %s now", storage);
	return 0;
}

static int refresh_tokens(const struct report *report, const struct wish *wish, const struct home *home,
    const struct platform *platform, struct err *err)
{
	struct token token = TOKEN_INIT;
	enum refresh_outcome outcome;
	struct store store;

	if (store_open(&store, home, platform->oauth_key, err) < 0)
		return -1;
	int failed = refresh_login(home, &store, &wish->refresh, &token, &outcome, err);
	if (store.tightened)
		report_note(report, "%s could be read by others; it is private now", store.file);
	if (store.fell_back)
		report_note(report, "%s: the login is kept in the file now", store.trouble.why);
	if (!failed && wish->storage)
		failed = move(report, home, platform, &store, wish->storage, err);
	if (!failed)
		tell(report, platform, &token, outcome);
	token_clear(&token);
	return failed;
}

/* Where only API keys are stored there is nothing to refresh, which is no reason for a cron job to complain. */
static int has_only_keys(const struct home *home, const struct platform *only)
{
	int found = 0;

	for (const struct platform *p = platforms; p->id; p++) {
		char *key = NULL;
		if ((!only || only == p) && api_key_of_config(home, p, &key, NULL) == 0)
			found = 1;
		wipe_str(key);
	}
	return found;
}

static int run(const struct command *c, const struct wish *wish, struct err *err)
{
	const struct platform *platform = platform_find(wish->platform_id, err);
	struct home home;
	int failed;

	if (!platform || home_find(&home, err) < 0)
		return -1;
	if (platform->oauth_key)
		failed = refresh_tokens(&c->report, wish, &home, platform, err);
	else
		failed = err_set(
		    err, ERR_LOGIN_REQUIRED, "run 'kimi login'", "not logged in to %s", platform->name);
	if (failed && err->code == ERR_LOGIN_REQUIRED && !wish->storage &&
	    has_only_keys(&home, wish->platform_id ? platform : NULL)) {
		failed = 0;
		report_tell(&c->report, "success", json_pack("{s:b}", "refreshed", 0),
		    "nothing to refresh: an API key does not end");
	}
	if (!failed && wish->models)
		failed = model_sync_all(&c->report, &home, wish->platform_id ? platform : NULL, err);
	return failed;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("refresh", "[OPTIONS]", "Renew the stored login if that is due.");
	struct wish wish = {.refresh = {.background = true, .min_valid = -1}};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("force", &wish.refresh.force, "refresh now, whatever is left of the token"),
	    OPTION_NUMBER("min-valid", &wish.refresh.min_valid, "SECONDS", 0, 1e9,
	        "refresh what is good for less than that (default 300)"),
	    OPTION_FLAG("models", &wish.models, "bring the models in config.toml up to date too"),
	    OPTION_CHOICE("storage", &wish.storage, "keyring|file", "move the login there"),
	    OPTION_TEXT("platform", &wish.platform_id, "ID", "the platform (default kimi-code)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &err);
	return command_end(&c, failed < 0, &err);
}
