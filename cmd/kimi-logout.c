/* kimi logout: forgets a login: the tokens, and what login wrote to the config. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/say.h"
#include "kimi/config.h"
#include "kimi/home.h"
#include "kimi/platform.h"
#include "kimi/store.h"

#include <sys/stat.h>

enum { LOCK_WAIT_MS = 30000 };

/* Removes the tokens, whatever state they are in. *ret_expires_at: of the access token that was stored, 0 for none. */
static int forget_tokens(const struct home *home, const struct platform *platform, bool *ret_changed,
    double *ret_expires_at, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct store store;
	struct stat st;

	if (store_open(&store, home, platform->oauth_key, err) < 0)
		return -1;
	/* Nothing there: no folder is to be made just to find it empty. */
	bool anything = lstat(store.file, &st) == 0 || lstat(store.state, &st) == 0;
	if (!anything && store_load(&store, &token, NULL) > 0)
		return 0;
	token_clear(&token);
	int failed = store_lock(&store, clock_ms() + LOCK_WAIT_MS, err);
	if (!failed) {
		if (store_load(&store, &token, NULL) == 0)
			*ret_expires_at = token.expires_at;
		failed = store_erase(&store, err);
		*ret_changed = lstat(store.file, &st) < 0;
	}
	token_clear(&token);
	store_close(&store);
	return failed;
}

static void tell(const struct command *c, const struct platform *platform, bool changed, double expires_at)
{
	double left = expires_at - clock_now();
	char span[SAY_SPAN_MAX];

	say_span(left, span);
	json_t *data = json_pack("{s:s}", "platform", platform->id);
	if (!changed)
		report_tell(
		    &c->report, "success", data, "not logged in to %s: nothing to do", platform->name);
	else if (left < 1)
		report_tell(&c->report, "success", data, "logged out of %s", platform->name);
	else
		report_tell(&c->report, "success", data,
		    "logged out of %s; the access token stays valid for another %s, since it cannot be "
		    "revoked",
		    platform->name, span);
}

static int log_out(const struct command *c, const struct home *home, const struct platform *platform,
    bool *ret_changed, double *ret_expires_at, struct err *err)
{
	bool had_tokens = false, had_config = false;
	struct err config_err;
	int failed = 0;

	if (platform->oauth_key)
		failed = forget_tokens(home, platform, &had_tokens, ret_expires_at, err);
	/* One that fails is no reason to leave the other behind. */
	if (config_remove_login(home, platform, &had_config, &config_err) < 0) {
		if (failed)
			report_note(&c->report, "%s", config_err.what);
		else
			*err = config_err;
		failed = -1;
	}
	if (failed && had_tokens)
		report_note(&c->report, "the tokens are removed");
	*ret_changed = had_tokens || had_config;
	return failed;
}

static int run(const struct command *c, const char *platform_id, bool all, struct err *err)
{
	const struct platform *only = platform_find(platform_id, err);
	bool any = false;
	int failed = 0;
	struct home home;

	if (!only || home_find(&home, err) < 0)
		return -1;
	if (all && platform_id)
		return err_set(err, ERR_USAGE, "see --help", "--all and --platform exclude each other");
	for (const struct platform *p = platforms; p->id; p++) {
		double expires_at = 0;
		struct err one;
		bool changed;
		if (!all && p != only)
			continue;
		if (log_out(c, &home, p, &changed, &expires_at, &one) == 0) {
			if (changed || !all)
				tell(c, p, changed, expires_at);
			any = any || changed;
			continue;
		}
		if (!failed)
			*err = one;
		failed = -1;
	}
	if (all && !any && !failed)
		report_tell(&c->report, "success", json_pack("{s:n}", "platform"),
		    "not logged in to any platform: nothing to do");
	return failed;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT(
	    "logout", "[OPTIONS]", "Forget a login: its tokens or key, and its part of the config.");
	const char *platform_id = NULL;
	struct err err = {0};
	bool all = false;
	const struct option_row table[] = {
	    OPTION_FLAG("all", &all, "forget every login"),
	    OPTION_TEXT("platform", &platform_id, "ID", "the platform (default kimi-code)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, platform_id, all, &err);
	return command_end(&c, failed < 0, &err);
}
