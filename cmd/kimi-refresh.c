/* kimi refresh: renews the stored login if that is due. For cron, timers and kimi-token. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/say.h"
#include "kimi/config.h"
#include "kimi/home.h"
#include "kimi/platform.h"
#include "kimi/refresh.h"

#include <math.h>

static void tell(const struct command *c, const struct platform *platform, const struct token *token,
    enum refresh_outcome outcome)
{
	static const char *const words[] = {
	    [REFRESH_NOT_NEEDED] = "no refresh is due",
	    [REFRESH_DONE] = "refreshed",
	    [REFRESH_BY_OTHER] = "another process has refreshed",
	};
	char span[SAY_SPAN_MAX];

	say_span(token_left(token, clock_now()), span);
	report_tell(&c->report, "success",
	    json_pack("{s:s, s:b, s:I}", "platform", platform->id, "refreshed", outcome != REFRESH_NOT_NEEDED,
	        "expires_at", (json_int_t)floor(token->expires_at)),
	    "%s; the token is good for another %s", words[outcome], span);
}

static int move(const struct command *c, const struct home *home, const struct platform *platform,
    struct store *store, const char *storage, struct err *err)
{
	if (store_move(store, store_kind_by_name(storage), err) < 0 ||
	    config_set_storage(home, platform, storage, err) < 0)
		return -1;
	report_note(&c->report, "the login is kept in the %s now", storage);
	return 0;
}

static int run(const struct command *c, const char *platform_id, const char *storage,
    const struct refresh_wish *wish, struct err *err)
{
	const struct platform *platform = platform_find(platform_id, err);
	struct token token = TOKEN_INIT;
	enum refresh_outcome outcome;
	struct store store;
	struct home home;

	if (!platform)
		return -1;
	if (!platform->oauth_key)
		return err_set(err, ERR_USAGE, "use --platform kimi-code",
		    "%s has keys, which need no refresh", platform->id);
	if (home_find(&home, err) < 0 || store_open(&store, &home, platform->oauth_key, err) < 0)
		return -1;
	int failed = refresh_login(&home, &store, wish, &token, &outcome, err);
	if (store.tightened)
		report_note(&c->report, "%s could be read by others; it is private now", store.file);
	if (store.fell_back)
		report_note(&c->report, "%s: the login is kept in the file now", store.trouble.why);
	if (!failed && storage)
		failed = move(c, &home, platform, &store, storage, err);
	if (!failed)
		tell(c, platform, &token, outcome);
	token_clear(&token);
	return failed;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("refresh", "[OPTIONS]", "Renew the stored login if that is due.");
	struct refresh_wish wish = {.background = true, .min_valid = -1};
	const char *platform_id = NULL, *storage = NULL;
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("force", &wish.force, "refresh now, whatever is left of the token"),
	    OPTION_NUMBER("min-valid", &wish.min_valid, "SECONDS", 0, 1e9,
	        "refresh what is good for less than that (default 300)"),
	    OPTION_CHOICE("storage", &storage, "keyring|file", "move the login there"),
	    OPTION_TEXT("platform", &platform_id, "ID", "the platform (default kimi-code)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, platform_id, storage, &wish, &err);
	return command_end(&c, failed < 0, &err);
}
