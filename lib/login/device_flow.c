#include "login/device_flow.h"

#include "api/usage_cache.h"
#include "auth/history.h"
#include "base/clock.h"
#include "base/signals.h"
#include "config/login.h"

#include <stdio.h>
#include <sys/param.h>

enum {
	LOCK_WAIT_MS = 30000,
	GRANTED_WAIT_MS = 600000,
	SLOW_DOWN_S = 5,
	LONGEST_BACK_OFF_S = 30,
	TICK_MS = 100,
	NEW_CODES = 5
};

/* One device code. */
struct round {
	struct oauth *oauth;
	const struct login_watcher *watcher;
	struct device_authorization authorization;
	long long end; /* when the code expires, of clock_ms() */
	double interval;
	double back_off;  /* seconds on top of the interval after a failure, RFC 8628 section 3.5 */
	struct err error; /* of the last poll; ERR_NONE if it succeeded */
};

/* Sleeps until `until`, and calls the watcher's tick meanwhile. */
static int wait_until(const struct round *r, long long until, struct err *err)
{
	for (int left; (left = clock_left(until)) > 0;) {
		r->watcher->tick(r->watcher->context, (double)clock_left(r->end) / 1000);
		if (signals_sleep(MIN(left, TICK_MS), err) < 0)
			return -1;
	}
	return signals_sleep(0, err);
}

/* Waits for the next poll. *ret_in_time is false if the code or the deadline ends before it. */
static int wait_for_turn(const struct round *r, long long deadline, bool *ret_in_time, struct err *err)
{
	double wait = r->interval + r->back_off;
	long long end = MIN(r->end, deadline);

	if (wait < r->oauth->retry_after)
		wait = r->oauth->retry_after;
	*ret_in_time = wait * 1000 < clock_left(end);
	return wait_until(r, *ret_in_time ? clock_ms() + (long long)(wait * 1000) : end, err);
}

static void device_flow_note_error(struct round *r, const struct err *reason)
{
	if (r->error.code == ERR_NONE)
		r->watcher->error(r->watcher->context, reason);
	r->error = *reason;
	r->back_off = r->back_off ? r->back_off * 2 : 1;
	if (r->back_off > LONGEST_BACK_OFF_S)
		r->back_off = LONGEST_BACK_OFF_S;
}

/* Polls until the code is decided: OAUTH_GRANTED, OAUTH_EXPIRED or OAUTH_FAILED. */
static enum oauth_result poll_until_decided(
    struct round *r, long long deadline, struct token *ret_token, struct err *err)
{
	for (;;) {
		bool in_time;
		if (wait_for_turn(r, deadline, &in_time, err) < 0)
			return OAUTH_FAILED;
		if (!in_time && clock_ms() >= deadline) {
			err_set(
			    err, ERR_TIMEOUT, "run 'kimi login' again", "nobody confirmed the login in time");
			return OAUTH_FAILED;
		}
		if (!in_time && r->error.code != ERR_NONE) {
			*err = r->error;
			return OAUTH_FAILED;
		}
		if (!in_time)
			return OAUTH_EXPIRED;
		enum oauth_result result = oauth_poll(r->oauth, r->authorization.device_code, ret_token, err);
		if (result == OAUTH_RETRY) {
			device_flow_note_error(r, err);
			continue;
		}
		if (result != OAUTH_PENDING && result != OAUTH_SLOW_DOWN)
			return result;
		r->error.code = ERR_NONE;
		r->back_off = 0;
		if (result == OAUTH_SLOW_DOWN)
			r->interval += SLOW_DOWN_S;
	}
}

int login_run_device_flow(struct oauth *oauth, long long deadline, const struct login_watcher *watcher,
    struct token *ret_token, struct err *err)
{
	oauth->deadline = deadline;
	for (int codes = 0;; codes++) {
		struct round r = {.oauth = oauth, .watcher = watcher};
		if (oauth_authorize_device(oauth, &r.authorization, err) < 0)
			return -1;
		r.end = clock_ms() + (long long)(r.authorization.expires_in * 1000);
		r.interval = r.authorization.interval;
		watcher->code(watcher->context, &r.authorization);
		enum oauth_result result = poll_until_decided(&r, deadline, ret_token, err);
		device_authorization_clear(&r.authorization);
		if (result == OAUTH_GRANTED) {
			signals_hold();
			return 0;
		}
		if (result != OAUTH_EXPIRED)
			return -1;
		if (codes == NEW_CODES)
			return err_set(err, ERR_TIMEOUT, "run 'kimi login' again",
			    "nobody confirmed the login: %d codes have expired", codes + 1);
		watcher->expired(watcher->context);
		/* Pause, in case the server calls every code expired. */
		if (signals_sleep(1000, err) < 0)
			return -1;
		if (!clock_left(deadline))
			return err_set(
			    err, ERR_TIMEOUT, "run 'kimi login' again", "nobody confirmed the login in time");
	}
}

int login_choose_store(
    struct store *store, enum store_kind wanted, char *ret_reason, size_t size, struct err *err)
{
	struct token present = TOKEN_INIT;
	const struct client *client = store->who.home->client;
	bool shared = home_is_shared(store->who.home);
	int result = store_lock(store, clock_ms() + LOCK_WAIT_MS, err);

	/* Cap all keyring calls together at one timeout, plus the time it took to find a stored login. */
	store->keyring.timeout_ms =
	    HELPER_TIMEOUT_MS + (store->found == STORE_KEYRING ? store->keyring.waited_ms : 0);
	if (result == 0) {
		/* A damaged login will be replaced. store_prepare() refuses anything else. */
		bool there = store_load(store, &present, NULL) == 0;
		store->kind = wanted;
		if (wanted == STORE_NOWHERE && (shared || !client->has_keyring))
			store->kind = STORE_FILE;
		else if (wanted == STORE_NOWHERE)
			store->kind = STORE_KEYRING;
		if (!client->has_keyring)
			snprintf(ret_reason, size, "%s does not use a keyring", client->program);
		else if (shared)
			snprintf(
			    ret_reason, size, "%s shares %s", client->program, store->who.home->directory);
		else
			snprintf(ret_reason, size, "the keyring is open");
		result = store_prepare(store, there && store->found == store->kind ? &present : NULL, err);
		if (result < 0 && wanted == STORE_NOWHERE && store->kind == STORE_KEYRING &&
		    *store->keyring.error.reason) {
			snprintf(ret_reason, size, "%s", store->keyring.error.reason);
			store->kind = STORE_FILE;
			result =
			    store_prepare(store, there && store->found == STORE_FILE ? &present : NULL, err);
		}
	}
	token_clear(&present);
	store_close(store);
	return result;
}

int login_move(struct store *store, enum store_kind kind, struct err *err)
{
	struct err config_err;
	int result = store_move(store, kind, err);

	if (store->found == kind && config_set_storage(&store->who, store_kind_name(kind), &config_err) < 0 &&
	    result == 0) {
		*err = config_err;
		result = -1;
	}
	return result;
}

static int lock_with_notice(struct store *store, const struct login_watcher *watcher, struct err *err)
{
	int result = store_lock_to_replace(store, clock_ms() + LOCK_WAIT_MS, err);

	if (result == 0 || err->code != ERR_BUSY)
		return result;
	watcher->error(watcher->context, err);
	signals_release();
	result = store_lock(store, clock_ms() + GRANTED_WAIT_MS, err);
	signals_hold();
	return result;
}

int login_save(struct store *store, const struct oauth *oauth, struct token *token,
    const struct login_watcher *watcher, struct err *err)
{
	struct metadata state = {.last_refresh = clock_now(), .clock_ahead = oauth->clock_ahead};
	int result = lock_with_notice(store, watcher, err);

	if (result == 0)
		result = store_save(store, token, &state, err);
	store_close(store);
	usage_cache_drop(&store->who); /* the new login may be another person's */
	history_add_store(HISTORY_LOGIN, store, result < 0 ? err : NULL);
	signals_release();
	return result;
}
