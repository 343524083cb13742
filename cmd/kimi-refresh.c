/* kimi refresh: renews the stored login if that is due. For cron, timers and kimi-token. */
#include "base/clock.h"
#include "base/env.h"
#include "cli/command.h"
#include "cli/model_sync.h"
#include "cli/say.h"
#include "kimi/api_key.h"
#include "kimi/config.h"
#include "kimi/home.h"
#include "kimi/identity.h"
#include "kimi/refresh.h"

#include <math.h>
#include <stdlib.h>

struct wish {
	const char *platform_id, *account, *storage;
	struct refresh_wish refresh;
	bool models;
};

static void tell(const struct report *report, const struct identity *who, const struct token *token,
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
	    json_pack("{s:s, s:s?, s:b, s:I}", "platform", who->platform->id, "account",
	        *who->account ? who->account : NULL, "refreshed", outcome != REFRESH_NOT_NEEDED, "expires_at",
	        (json_int_t)floor(token->expires_at)),
	    "%s%s%s; the token is good for another %s", who->account, *who->account ? ": " : "",
	    words[outcome], span);
}

static int move(const struct report *report, const struct home *home, const struct identity *who,
    struct store *store, const char *storage, struct err *err)
{
	/* Only the plain login stands in the config. */
	if (store_move(store, store_kind_by_name(storage), err) < 0 ||
	    (!*who->account && config_set_storage(home, who->platform, storage, err) < 0))
		return -1;
	report_note(report, "the login is kept in the %s now", storage);
	return 0;
}

static int refresh_tokens(const struct report *report, const struct wish *wish, const struct home *home,
    const struct identity *who, struct err *err)
{
	struct token token = TOKEN_INIT;
	enum refresh_outcome outcome;
	struct store store;

	if (store_open(&store, home, who->key, err) < 0)
		return -1;
	int failed = refresh_login(home, &store, &wish->refresh, &token, &outcome, err);
	if (store.tightened)
		report_note(report, "%s could be read by others; it is private now", store.file);
	if (store.fell_back)
		report_note(report, "%s: the login is kept in the file now", store.trouble.why);
	if (!failed && wish->storage)
		failed = move(report, home, who, &store, wish->storage, err);
	if (!failed)
		tell(report, who, &token, outcome);
	token_clear(&token);
	return failed;
}

/* Where only API keys are stored there is nothing to refresh, which is no reason for a cron job to complain. */
static bool has_keys(const struct home *home, const struct platform *only)
{
	bool found = false;

	for (const struct platform *p = platforms; p->id; p++) {
		char *key = NULL;
		if ((!only || only == p) && api_key_of_config(home, p, &key, NULL) == 0)
			found = true;
		wipe_str(key);
	}
	return found;
}

/* Every login there is, accounts too; the first that fails is the outcome, and stops none of the others. */
static int refresh_all(
    const struct report *report, const struct wish *wish, const struct home *home, struct err *err)
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
			if (failed)
				report_line(report, "%s: %s", list[i].account, one.what);
			else
				*err = one;
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

static int refresh_one(
    const struct report *report, const struct wish *wish, const struct home *home, struct err *err)
{
	struct identity who;

	if (identity_find(&who, wish->platform_id, wish->account, err) < 0)
		return -1;
	if (*who.key)
		return refresh_tokens(report, wish, home, &who, err);
	return err_set(
	    err, ERR_LOGIN_REQUIRED, "run 'kimi login'", "not logged in to %s", who.platform->name);
}

static int sync_models(
    const struct report *report, const struct home *home, const struct platform *only, struct err *err)
{
	struct identity who;

	if (only && identity_find(&who, only->id, "", err) < 0)
		return -1;
	return model_sync_all(report, home, only ? &who : NULL, err);
}

static int run(const struct command *c, const struct wish *wish, struct err *err)
{
	const struct platform *only = wish->platform_id ? platform_find(wish->platform_id, err) : NULL;
	bool all = !wish->platform_id && !wish->account && !env_get("KIMI_ACCOUNT");
	struct home home;

	if ((wish->platform_id && !only) || home_find(&home, err) < 0)
		return -1;
	int failed =
	    all ? refresh_all(&c->report, wish, &home, err) : refresh_one(&c->report, wish, &home, err);
	if (failed && err->code == ERR_LOGIN_REQUIRED && !wish->storage && has_keys(&home, only)) {
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
	struct wish wish = {.refresh = {.background = true, .min_valid = -1}};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("force", &wish.refresh.force, "refresh now, whatever is left of the token"),
	    OPTION_NUMBER("min-valid", &wish.refresh.min_valid, "SECONDS", 0, 1e9,
	        "refresh what is good for less than that (default 300)"),
	    OPTION_FLAG("models", &wish.models, "bring the models in config.toml up to date too"),
	    OPTION_CHOICE("storage", &wish.storage, "keyring|file", "move the login there"),
	    OPTION_TEXT(
	        "platform", &wish.platform_id, "ID", "the platform (default all that are logged in to)"),
	    COMMAND_ACCOUNT_ROW(&wish.account),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &err);
	return command_end(&c, failed < 0, &err);
}
