#include "auth/refresh.h"

#include "auth/history.h"
#include "auth/oauth.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/signals.h"
#include "config/login.h"
#include "http/url.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 3, LOCK_WAIT_MS = 30000, OTHER_CLIENT_MS = 400, LONGEST_PAUSE_S = 30 };

bool refresh_is_needed(const struct refresh_options *options, const struct token *token)
{
	double now = clock_now(), left = token_left(token, now);

	if (options->force || left <= 0)
		return true;
	if (options->background && token_is_due(token, now))
		return true;
	return left < token_wanted_left(token, options->min_valid);
}

static int refresh_load(struct store *store, struct token *ret_token, struct err *err)
{
	struct token token = TOKEN_INIT;
	int result = store_load(store, &token, err);

	if (result > 0)
		return account_needs_login(&store->who, ERR_LOGIN_REQUIRED, err, "not logged in");
	if (result < 0)
		return -1;
	if (token_is_tombstone(&token)) {
		token_clear(&token);
		return account_needs_login(
		    &store->who, ERR_REJECTED, err, "%s ended this login", store->who.home->client->program);
	}
	token_clear(ret_token);
	*ret_token = token;
	return 0;
}

/* One refresh under way. */
struct refresh {
	struct store *store;
	struct oauth oauth;
	const struct refresh_options *options;
	struct token token; /* the login as last read */
	char *seen;         /* the refresh token read before the first lock */
	enum refresh_outcome outcome;
	bool sent;          /* a refresh token was sent */
	double insisted_at; /* when the user insisted; 0: never */
	double waits_since; /* when this process last noted a wait; 0: never */
};

/* False: the user insisted after that rejection or wait was noted. */
static bool refresh_counts(const struct refresh *r, double noted_at)
{
	return !r->insisted_at || noted_at >= r->insisted_at;
}

static int may_be_sent(const struct refresh *r, const struct metadata *state, struct err *err)
{
	const char *host = r->oauth.host;
	char hint[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX];

	if (*state->oauth_host && !url_is_same(state->oauth_host, host)) {
		snprintf(hint, sizeof(hint),
		    "unset KIMI_CODE_OAUTH_HOST and KIMI_OAUTH_HOST, or run 'kimi login%s --force' for the "
		    "other host",
		    account_option(&r->store->who, option));
		return err_set(err, ERR_WRONG_HOST, hint,
		    "the login was issued by %.200s and is not sent to %.200s", state->oauth_host, host);
	}
	double now = clock_now(), rejected = metadata_rejected_for(state, host, now);
	if (rejected > 0 && refresh_counts(r, state->rejected_at) && state->response_lost)
		return account_needs_login(&r->store->who, ERR_REJECTED, err,
		    "the response to the last refresh was lost, and the new login with it; the old "
		    "refresh token is not sent again");
	if (rejected > 0 && refresh_counts(r, state->rejected_at))
		return account_needs_login(
		    &r->store->who, ERR_REJECTED, err, "Kimi no longer accepts this login");
	double wait = ceil(metadata_wait_left(&state->wait, now));
	/* A wait that this process noted is its own pause between two attempts. */
	if (wait > 0 && refresh_counts(r, state->wait.since) && state->wait.since != r->waits_since) {
		snprintf(hint, sizeof(hint), "try again in %.0f s", wait);
		return err_set(err, ERR_SERVER, hint,
		    "%.200s could not refresh the login a moment ago and is not asked again for %.0f s", host,
		    wait);
	}
	return 0;
}

/*
 * Another process has refreshed the login: it is valid for long enough now, or (with
 * force) it is another one.
 */
static bool is_done_by_other(const struct refresh *r)
{
	bool changed = strcmp(r->seen, r->token.refresh_token) != 0;

	if (r->options->force)
		return changed && token_left(&r->token, clock_now()) > 0;
	return !refresh_is_needed(r->options, &r->token);
}

/* Our lock was lost and another process saved a login. It is newer than ours, so take it. */
static bool was_replaced(struct refresh *r)
{
	struct token token = TOKEN_INIT;
	bool replaced = store_load(r->store, &token, NULL) == 0 && *token.refresh_token &&
	                strcmp(token.refresh_token, r->token.refresh_token) != 0;

	if (replaced) {
		token_clear(&r->token);
		r->token = token;
	} else {
		token_clear(&token);
	}
	return replaced;
}

static enum oauth_result refresh_exchange(struct refresh *r, struct err *err)
{
	struct token fresh = TOKEN_INIT;
	char hint[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX];
	struct err save_err;

	if (!store_is_still_locked(r->store)) {
		err_set(err, ERR_BUSY, "try again", "the lock of the login was lost; nothing was sent");
		return OAUTH_RETRY;
	}
	signals_hold();
	r->sent = true;
	enum oauth_result result = oauth_refresh(&r->oauth, r->token.refresh_token, &fresh, err);
	if (result == OAUTH_REJECTED)
		err_advise(err, account_login_hint(&r->store->who, hint));
	if (result == OAUTH_LOST) {
		snprintf(hint, sizeof(hint),
		    "run 'kimi login%s': the refresh token may be spent and is not sent again",
		    account_option(&r->store->who, option));
		err_advise(err, hint);
	}
	if (result == OAUTH_GRANTED && !store_is_still_locked(r->store) && was_replaced(r)) {
		r->outcome = REFRESH_BY_OTHER;
	} else if (result == OAUTH_GRANTED) {
		struct metadata state = {.last_refresh = clock_now(), .clock_ahead = r->oauth.clock_ahead};
		if (store_save(r->store, &fresh, &state, &save_err) < 0) {
			*err = save_err;
			result = OAUTH_LOST;
		} else {
			token_clear(&r->token);
			r->token = fresh;
			fresh = (struct token)TOKEN_INIT;
		}
	}
	signals_release();
	token_clear(&fresh);
	return result;
}

/* Errors are ignored: without the note, the next command asks the host once more. */
static void save_state(const struct refresh *r, struct metadata *state)
{
	state->expires_at = r->token.expires_at;
	snprintf(state->storage, sizeof(state->storage), "%s", store_kind_name(r->store->kind));
	state->clock_ahead = r->oauth.clock_ahead;
	metadata_save(r->store->state, state);
}

/*
 * kimi-cli may have spent the token without the lock, for which it waits only a few
 * seconds. Then its new login will be stored in a moment, and we use that.
 */
static enum oauth_result after_rejection(struct refresh *r, struct metadata *state)
{
	char *spent = strdup(r->token.refresh_token);
	struct err load_err;
	enum oauth_result result = OAUTH_REJECTED;

	if (spent && signals_sleep(OTHER_CLIENT_MS, NULL) == 0 &&
	    refresh_load(r->store, &r->token, &load_err) == 0 && strcmp(spent, r->token.refresh_token) != 0) {
		if (is_done_by_other(r)) {
			r->outcome = REFRESH_BY_OTHER;
			result = OAUTH_GRANTED;
		} else {
			result = OAUTH_RETRY;
		}
	} else {
		metadata_reject(state, r->oauth.host, clock_now());
		save_state(r, state);
	}
	wipe_str(spent);
	return result;
}

/* Needs the lock. */
static enum oauth_result refresh_attempt(struct refresh *r, struct err *err)
{
	struct metadata state;

	if (refresh_load(r->store, &r->token, err) < 0)
		return OAUTH_FAILED;
	if (is_done_by_other(r)) {
		r->outcome = REFRESH_BY_OTHER;
		return OAUTH_GRANTED;
	}
	if (!*r->token.refresh_token) {
		account_needs_login(&r->store->who, ERR_REJECTED, err,
		    "the stored login cannot be refreshed: it has no refresh token");
		return OAUTH_FAILED;
	}
	metadata_load(r->store->state, r->token.expires_at, &state);
	if (may_be_sent(r, &state, err) < 0)
		return OAUTH_FAILED;
	if (store_prepare(r->store, &r->token, err) < 0)
		return OAUTH_FAILED;
	r->outcome = REFRESH_DONE;
	enum oauth_result result = refresh_exchange(r, err);
	if (result == OAUTH_LOST) {
		metadata_lose_response(&state, r->oauth.host, clock_now());
		save_state(r, &state);
	}
	if ((result == OAUTH_RETRY || result == OAUTH_FAILED) && err->code == ERR_SERVER) {
		r->waits_since = clock_now();
		metadata_back_off(&state, r->oauth.retry_after, r->waits_since);
		save_state(r, &state);
	}
	if (result == OAUTH_REJECTED)
		return after_rejection(r, &state);
	return result;
}

/*
 * Pauses, for less time than metadata_back_off() notes, so that no other process asks
 * the host meanwhile. -1: there is no other attempt, and *last says why.
 */
static int pause_before(int attempt_number, double retry_after, struct err *last)
{
	double seconds = attempt_number; /* 1 s, then 2 s */

	if (retry_after > LONGEST_PAUSE_S) {
		snprintf(
		    last->hint, sizeof(last->hint), "try again in %.0f s, as the server asked", retry_after);
		return -1;
	}
	if (retry_after > seconds)
		seconds = retry_after;
	return signals_sleep((int)(seconds * 1000), last);
}

/* Up to ATTEMPTS attempts. -1: *err is the error of the last one. */
static int refresh_retry(struct refresh *r, struct err *err)
{
	int ret = -1;

	for (int n = 0; n < ATTEMPTS; n++) {
		if (n && pause_before(n, r->oauth.retry_after, err) < 0)
			break;
		if (store_lock_to_refresh(r->store, clock_ms() + LOCK_WAIT_MS, err) < 0)
			break;
		enum oauth_result result = refresh_attempt(r, err);
		store_close(r->store);
		ret = result == OAUTH_GRANTED ? 0 : -1;
		if (result != OAUTH_RETRY)
			break;
	}
	return ret;
}

static void refresh_note_history(const struct refresh *r, const struct err *failure)
{
	enum history_event event = HISTORY_REFRESH;

	if (failure && failure->code == ERR_REJECTED)
		event = HISTORY_REJECTED;
	if (r->sent && (failure || r->outcome == REFRESH_DONE))
		history_add_store(event, r->store, failure);
}

enum refresh_outcome refresh_login(
    struct store *store, const struct refresh_options *options, struct token *ret_token, struct err *err)
{
	struct refresh r = {.store = store,
	    .options = options,
	    .token = TOKEN_INIT,
	    .outcome = REFRESH_NOT_NEEDED,
	    .insisted_at = options->insist ? clock_now() : 0};
	struct err last = {0};
	int failed = -1;

	if (refresh_load(store, &r.token, err) < 0)
		goto out;
	if (!refresh_is_needed(options, &r.token)) {
		failed = 0;
		goto out;
	}
	r.seen = memory_copy(r.token.refresh_token);
	if (oauth_open(&r.oauth, &store->who, err) < 0)
		goto out;
	failed = refresh_retry(&r, &last);
	if (store->fell_back) /* the login is saved, so ignore errors */
		config_set_storage(&store->who, store_kind_name(store->kind), NULL);
	refresh_note_history(&r, failed ? &last : NULL);
	if (failed)
		*err = last;
	else if (signals_caught())
		failed = signals_error(err); /* it came while the login was being saved */
out:
	if (failed) {
		r.outcome = REFRESH_FAILED;
	} else {
		*ret_token = r.token;
		r.token = (struct token)TOKEN_INIT;
	}
	wipe_str(r.seen);
	token_clear(&r.token);
	return r.outcome;
}
