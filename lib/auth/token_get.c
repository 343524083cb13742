#include "auth/token_get.h"

#include "account/call.h"
#include "base/clock.h"
#include "base/signals.h"
#include "store/token_cache.h"

#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 4000 };

static int run_refresher(
    const struct home *home, const struct identity *who, double min_valid, int wait_ms, struct err *err)
{
	char seconds[32];
	const char *const arguments[] = {"--min-valid", seconds, NULL};
	struct call call = {
	    .program = "kimi-refresh",
	    .client = home->client->name,
	    .platform = who->platform->id,
	    .account = who->account, /* an empty one too, whatever KIMI_ACCOUNT says */
	    .outlives = true,
	    .wait_ms = wait_ms,
	};
	json_t *event;

	if (min_valid >= 0) {
		snprintf(seconds, sizeof(seconds), "%.0f", min_valid);
		call.arguments = arguments;
	}
	signals_start(); /* here the hot path ends, too */
	int result = call_run(&call, &event, err);
	json_decref(event);
	return result;
}

/* The file, else the cache of a keyring login, else the keyring itself. */
static int access_load(
    struct store *store, const struct access_wish *wish, struct token *token, struct err *err)
{
	char item[STORE_ITEM_MAX] = "";

	token_clear(token);
	int answer = store_load_file(store, token, err);
	if (answer > 0)
		store_item(store, item);
	if (answer > 0 && cache_load(item, store->host, token)) {
		if (token_left(token, clock_now()) >= token_wanted_left(token, wish->min_valid))
			return 0;
		token_clear(token);
	}
	if (answer > 0) {
		signals_start(); /* here the hot path ends */
		answer = store_load(store, token, err);
		if (answer == 0 && store->kind == STORE_KEYRING)
			cache_save(item, store->host, token);
	}
	if (answer > 0)
		return err_set(err, ERR_LOGIN_REQUIRED, "run 'kimi login'", "not logged in");
	if (!answer && token_is_tombstone(token))
		return err_set(err, ERR_REJECTED, "run 'kimi login'", "%s ended this login",
		    store->home->client->program);
	return answer;
}

static int access_dead(const struct access_wish *wish, const struct token *token, struct err *err)
{
	if (!*token->refresh_token)
		return err_set(err, ERR_REJECTED, "run 'kimi login'",
		    "the access token has expired and cannot be refreshed");
	if (wish->no_refresh)
		return err_set(err, ERR_TIMEOUT, "run 'kimi refresh', or leave out --no-refresh",
		    "the access token has expired");
	return err_set(
	    err, ERR_FAILED, "check the system's clock", "the refreshed token has expired already");
}

static int access_take(const struct identity *who, struct store *store, const struct access_wish *wish,
    struct access *ret_access, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct err trouble = {0};

	if (access_load(store, wish, &token, err) < 0) {
		token_clear(&token);
		return -1;
	}
	double left = token_left(&token, clock_now());
	if (left < token_wanted_left(&token, wish->min_valid) && !wish->no_refresh && *token.refresh_token) {
		int patience = left * 1000 > PATIENCE_MS ? PATIENCE_MS : 0;
		run_refresher(store->home, who, wish->min_valid, patience, &trouble);
		if (trouble.code == ERR_INTERRUPTED || access_load(store, wish, &token, err) < 0) {
			if (trouble.code == ERR_INTERRUPTED)
				*err = trouble;
			token_clear(&token);
			return -1;
		}
		left = token_left(&token, clock_now());
	}
	if (left <= 0) {
		if (trouble.code != ERR_NONE)
			*err = trouble;
		else
			access_dead(wish, &token, err);
		token_clear(&token);
		return -1;
	}
	*ret_access = (struct access){
	    .token = token,
	    .satisfied = left >= (wish->min_valid >= 0 ? wish->min_valid : token_wanted_left(&token, -1)),
	    .trouble = trouble,
	};
	return 0;
}

int access_get(const struct identity *who, struct store *store, const struct access_wish *wish,
    struct access *ret_access, struct err *err)
{
	int failed = access_take(who, store, wish, ret_access, err);

	if (failed)
		identity_advise(who, err->todo, sizeof(err->todo));
	return failed;
}
