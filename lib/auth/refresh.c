#include "auth/refresh.h"

#include "auth/history.h"
#include "auth/oauth.h"
#include "base/clock.h"
#include "base/signals.h"
#include "config/login.h"
#include "http/url.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 3, LOCK_WAIT_MS = 30000, OTHER_CLIENT_MS = 400, LONGEST_PAUSE_S = 30 };

static const char login_first[] = "run 'kimi login'", login_again[] = "run 'kimi login'";

bool refresh_is_needed(const struct refresh_wish *wish, const struct token *token)
{
	double now = clock_now(), left = token_left(token, now);

	if (wish->force || left <= 0)
		return true;
	if (wish->background && token_is_due(token, now))
		return true;
	return left < token_wanted_left(token, wish->min_valid);
}

static int refresh_load(struct store *store, struct token *ret_token, struct err *err)
{
	struct token token = TOKEN_INIT;
	int answer = store_load(store, &token, err);

	if (answer > 0)
		return err_set(err, ERR_LOGIN_REQUIRED, login_first, "not logged in");
	if (answer < 0)
		return -1;
	if (token_is_tombstone(&token)) {
		token_clear(&token);
		return err_set(
		    err, ERR_REJECTED, login_first, "%s ended this login", store->home->client->program);
	}
	token_clear(ret_token);
	*ret_token = token;
	return 0;
}

/* One refresh under way. */
struct refresh {
	struct store *store;
	struct oauth oauth;
	const struct refresh_wish *wish;
	struct token token; /* the login as last read */
	char *seen;         /* the refresh token read before the first lock */
	enum refresh_outcome outcome;
	bool sent;          /* a refresh token was */
	double insisted_at; /* 0: nobody did */
	double waits_since; /* when this process last noted a wait; 0: never */
	double retry_after;
};

/* What a person insisted on after that is sent all the same. */
static bool refresh_counts(const struct refresh *r, double noted_at)
{
	return !r->insisted_at || noted_at >= r->insisted_at;
}

static int may_be_sent(const struct refresh *r, const struct state *state, struct err *err)
{
	const char *host = r->oauth.host;
	char todo[80];

	if (*state->oauth_host && !url_is_same(state->oauth_host, host))
		return err_set(err, ERR_WRONG_HOST,
		    "unset KIMI_CODE_OAUTH_HOST and KIMI_OAUTH_HOST, or run 'kimi login --force' for the "
		    "other host",
		    "the login was issued by %.200s and is not sent to %.200s", state->oauth_host, host);
	double now = clock_now(), rejected = state_rejected_for(state, host, now);
	if (rejected > 0 && refresh_counts(r, state->rejected_at) && state->answer_lost)
		return err_set(err, ERR_REJECTED, login_again,
		    "the answer to the last refresh was lost, and the new login with it; the old refresh "
		    "token is not sent again");
	if (rejected > 0 && refresh_counts(r, state->rejected_at))
		return err_set(err, ERR_REJECTED, login_again, "Kimi no longer accepts this login");
	double wait = ceil(state_wait_left(state, now));
	/* This process's own wait is its pause between two attempts. */
	if (wait > 0 && refresh_counts(r, state->waits_since) && state->waits_since != r->waits_since) {
		snprintf(todo, sizeof(todo), "try again in %.0f s", wait);
		return err_set(err, ERR_SERVER, todo,
		    "%.200s could not refresh the login a moment ago and is not asked again for %.0f s", host,
		    wait);
	}
	return 0;
}

/* Another process was faster: a login that is good enough now, or one that is not the one we came for. */
static bool is_done_by_other(const struct refresh *r)
{
	bool changed = strcmp(r->seen, r->token.refresh_token) != 0;

	if (r->wish->force)
		return changed && token_left(&r->token, clock_now()) > 0;
	return !refresh_is_needed(r->wish, &r->token);
}

/* While our lock was lost, another process saved a login: that is the newer one, and becomes ours. */
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

static enum oauth_answer refresh_exchange(struct refresh *r, struct err *err)
{
	struct token fresh = TOKEN_INIT;
	struct err save_err;

	if (!store_is_still_locked(r->store)) {
		err_set(err, ERR_BUSY, "try again", "the lock of the login was lost; nothing was sent");
		return OAUTH_PASSING;
	}
	signals_hold();
	r->sent = true;
	enum oauth_answer answer =
	    oauth_refresh(&r->oauth, r->token.refresh_token, &fresh, &r->retry_after, err);
	if (answer == OAUTH_LOST)
		err_advise(err, "run 'kimi login': the refresh token may be spent and is not sent again");
	if (answer == OAUTH_GRANTED && !store_is_still_locked(r->store) && was_replaced(r)) {
		r->outcome = REFRESH_BY_OTHER;
	} else if (answer == OAUTH_GRANTED) {
		struct state state = {.last_refresh = clock_now(), .clock_ahead = r->oauth.clock_ahead};
		if (store_save(r->store, &fresh, &state, &save_err) < 0) {
			*err = save_err;
			answer = OAUTH_LOST;
		} else {
			token_clear(&r->token);
			r->token = fresh;
			fresh = (struct token)TOKEN_INIT;
		}
	}
	signals_release();
	token_clear(&fresh);
	return answer;
}

/* Unsaved, the next run asks once more. */
static void save_state(const struct refresh *r, struct state *state)
{
	state->expires_at = r->token.expires_at;
	snprintf(state->storage, sizeof(state->storage), "%s", store_kind_name(r->store->kind));
	state->clock_ahead = r->oauth.clock_ahead;
	state_save(r->store->state, state, NULL);
}

/*
 * kimi-cli may have spent the token without the lock (it goes on after a few
 * seconds): its new login shows up in a moment, and is then ours too.
 */
static enum oauth_answer after_rejection(struct refresh *r, struct state *state)
{
	char *spent = strdup(r->token.refresh_token);
	struct err load_err;
	enum oauth_answer answer = OAUTH_REJECTED;

	if (spent && signals_sleep(OTHER_CLIENT_MS, NULL) == 0 &&
	    refresh_load(r->store, &r->token, &load_err) == 0 && strcmp(spent, r->token.refresh_token) != 0) {
		if (is_done_by_other(r)) {
			r->outcome = REFRESH_BY_OTHER;
			answer = OAUTH_GRANTED;
		} else {
			answer = OAUTH_PASSING;
		}
	} else {
		state_reject(state, r->oauth.host, clock_now());
		save_state(r, state);
	}
	wipe_str(spent);
	return answer;
}

/* With the lock held. */
static enum oauth_answer refresh_attempt(struct refresh *r, struct err *err)
{
	struct state state;

	if (refresh_load(r->store, &r->token, err) < 0)
		return OAUTH_FAILED;
	if (is_done_by_other(r)) {
		r->outcome = REFRESH_BY_OTHER;
		return OAUTH_GRANTED;
	}
	if (!*r->token.refresh_token) {
		err_set(err, ERR_REJECTED, login_first,
		    "the stored login cannot be refreshed: it has no refresh token");
		return OAUTH_FAILED;
	}
	state_load(r->store->state, r->token.expires_at, &state);
	if (may_be_sent(r, &state, err) < 0)
		return OAUTH_FAILED;
	if (store_prepare(r->store, &r->token, err) < 0)
		return OAUTH_FAILED;
	r->outcome = REFRESH_DONE;
	enum oauth_answer answer = refresh_exchange(r, err);
	if (answer == OAUTH_LOST) {
		state_lose_answer(&state, r->oauth.host, clock_now());
		save_state(r, &state);
	}
	if ((answer == OAUTH_PASSING || answer == OAUTH_FAILED) && err->code == ERR_SERVER) {
		r->waits_since = clock_now();
		state_back_off(&state, r->retry_after, r->waits_since);
		save_state(r, &state);
	}
	return answer == OAUTH_REJECTED ? after_rejection(r, &state) : answer;
}

/*
 * Shorter than the waits of state_back_off(), so that no other process asks in them.
 * -1: *last says why there is no other attempt.
 */
static int pause_before(int attempt_number, double retry_after, struct err *last)
{
	double seconds = attempt_number; /* 1 s, then 2 s */

	if (retry_after > LONGEST_PAUSE_S) {
		snprintf(last->todo, sizeof(last->todo), "the server asks to wait %.0f s: try again then",
		    retry_after);
		return -1;
	}
	if (retry_after > seconds)
		seconds = retry_after;
	return signals_sleep((int)(seconds * 1000), last);
}

int refresh_login(const struct home *home, struct store *store, const struct refresh_wish *wish,
    struct token *ret_token, enum refresh_outcome *ret_outcome, struct err *err)
{
	struct refresh r = {.store = store,
	    .wish = wish,
	    .token = TOKEN_INIT,
	    .outcome = REFRESH_NOT_NEEDED,
	    .insisted_at = wish->insist ? clock_now() : 0};
	struct err last = {0};
	int failed = -1;

	if (refresh_load(store, &r.token, err) < 0)
		goto out;
	if (!refresh_is_needed(wish, &r.token)) {
		failed = 0;
		goto out;
	}
	r.seen = strdup(r.token.refresh_token); // NOLINT(clang-analyzer-core.NonNullParamChecker)
	if (!r.seen) {
		err_memory(err);
		goto out;
	}
	if (oauth_open(&r.oauth, &store->who, home, err) < 0)
		goto out;
	for (int n = 0; n < ATTEMPTS; n++) {
		if (n && pause_before(n, r.retry_after, &last) < 0)
			break;
		if (store_lock_to_refresh(store, clock_ms() + LOCK_WAIT_MS, &last) < 0)
			break;
		enum oauth_answer answer = refresh_attempt(&r, &last);
		store_close(store);
		failed = answer == OAUTH_GRANTED ? 0 : -1;
		if (answer != OAUTH_PASSING)
			break;
	}
	if (store->fell_back)
		config_set_storage(
		    home, store->key, store_kind_name(store->kind), NULL); /* it is safe anyway */
	if (r.sent && (failed || r.outcome == REFRESH_DONE))
		history_add_store(failed && last.code == ERR_REJECTED ? HISTORY_REJECTED : HISTORY_REFRESH,
		    store, failed ? &last : NULL);
	if (failed)
		*err = last;
	else if (signals_caught())
		failed = signals_error(err); /* it came while the new login was being saved */
out:
	if (!failed) {
		*ret_token = r.token;
		r.token = (struct token)TOKEN_INIT;
		*ret_outcome = r.outcome;
	}
	wipe_str(r.seen);
	token_clear(&r.token);
	return failed;
}
