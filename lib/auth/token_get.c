#include "auth/token_get.h"

#include "account/call.h"
#include "base/clock.h"
#include "base/signals.h"
#include "store/token_cache.h"

#include <stdio.h>

enum { TIMEOUT_MS = 4000 };

static void run_refresher(const struct store *store, double min_valid, int wait_ms, struct err *err)
{
	char seconds[32];
	const char *const arguments[] = {"--min-valid", seconds, NULL};
	struct call call = {
	    .program = "kimi-refresh",
	    .client = store->who.home->client->name,
	    .platform = store->who.platform->id,
	    .account = store->who.name, /* also if it is empty, to override KIMI_ACCOUNT */
	    .outlives = true,
	    .wait_ms = wait_ms,
	};
	json_t *event;

	if (min_valid >= 0) {
		snprintf(seconds, sizeof(seconds), "%.0f", min_valid);
		call.arguments = arguments;
	}
	signals_start(); /* not on the hot path */
	call_run(&call, &event, err);
	json_decref(event);
}

/* The file, else the cache of a keyring login, else the keyring itself. */
static int token_get_load(
    struct store *store, const struct token_options *options, struct token *token, struct err *err)
{
	char item[STORE_ITEM_MAX] = "";

	token_clear(token);
	int result = store_load_file(store, token, err);
	if (result > 0)
		store_item(store, item);
	if (result > 0 && token_cache_load(item, store->who.oauth_host, token)) {
		if (token_left(token, clock_now()) >= token_wanted_left(token, options->min_valid))
			return 0;
		token_clear(token);
	}
	if (result > 0) {
		signals_start(); /* not on the hot path */
		result = store_load(store, token, err);
		if (result == 0 && store->kind == STORE_KEYRING)
			token_cache_save(item, store->who.oauth_host, token);
	}
	if (result > 0)
		return account_needs_login(&store->who, ERR_LOGIN_REQUIRED, err, "not logged in");
	if (!result && token_is_tombstone(token))
		return account_needs_login(
		    &store->who, ERR_REJECTED, err, "%s ended this login", store->who.home->client->program);
	return result;
}

static int token_get_expired(const struct account *who, const struct token_options *options,
    const struct token *token, struct err *err)
{
	char hint[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX];

	if (!*token->refresh_token)
		return account_needs_login(
		    who, ERR_REJECTED, err, "the access token has expired and cannot be refreshed");
	if (options->no_refresh) {
		snprintf(hint, sizeof(hint), "run 'kimi refresh%s', or leave out --no-refresh",
		    account_option(who, option));
		return err_set(err, ERR_TIMEOUT, hint, "the access token has expired");
	}
	return err_set(err, ERR_FAILED, "check the system's clock", "the new token has already expired");
}

int token_get(struct store *store, const struct token_options *options, struct token_result *ret_result,
    struct err *err)
{
	struct token token = TOKEN_INIT;
	struct err error = {0};

	if (token_get_load(store, options, &token, err) < 0)
		goto failed;
	double left = token_left(&token, clock_now());
	if (left < token_wanted_left(&token, options->min_valid) && !options->no_refresh &&
	    *token.refresh_token) {
		int timeout = left * 1000 > TIMEOUT_MS ? TIMEOUT_MS : 0;
		run_refresher(store, options->min_valid, timeout, &error);
		if (error.code == ERR_INTERRUPTED || token_get_load(store, options, &token, err) < 0) {
			if (error.code == ERR_INTERRUPTED)
				*err = error;
			goto failed;
		}
		left = token_left(&token, clock_now());
	}
	if (left <= 0) {
		if (error.code != ERR_NONE)
			*err = error;
		else
			token_get_expired(&store->who, options, &token, err);
		goto failed;
	}
	*ret_result = (struct token_result){
	    .token = token,
	    .satisfied =
	        left >= (options->min_valid >= 0 ? options->min_valid : token_wanted_left(&token, -1)),
	    .error = error,
	};
	return 0;
failed:
	token_clear(&token);
	return -1;
}
