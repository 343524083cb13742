#include "cli/refresh_one.h"

#include "base/clock.h"
#include "cli/expiry_notice.h"
#include "format/json.h"
#include "status/status.h"
#include "ui/duration.h"
#include "ui/login_event.h"

#include <math.h>
#include <stdio.h>

enum { LABEL_MAX = ACCOUNT_NAME_MAX + 40 };

/* "work: ", "kimi-code: ", "kimi-code, work: ", or "" if there can be only one login. */
static void refresh_one_label(const struct refresh_one *one, char ret_label[LABEL_MAX])
{
	const char *client = one->account->home->client->name, *name = one->account->name;

	*ret_label = '\0';
	if (one->several_homes && *name)
		snprintf(ret_label, LABEL_MAX, "%s, %s: ", client, name);
	else if (one->several_homes)
		snprintf(ret_label, LABEL_MAX, "%s: ", client);
	else if (*name)
		snprintf(ret_label, LABEL_MAX, "%s: ", name);
}

/* Puts the label before the message. Returns -1. */
static int refresh_one_failed(const struct refresh_one *one, struct err *err)
{
	const struct err bare = *err;
	char label[LABEL_MAX];

	refresh_one_label(one, label);
	/* A missing login is missing everywhere, else it is not reported. */
	if (*label && (err->code != ERR_LOGIN_REQUIRED || *one->account->name))
		snprintf(err->what, sizeof(err->what), "%s%.*s", label, (int)(sizeof(err->what) - LABEL_MAX),
		    bare.what);
	return -1;
}

static int refresh_one_open(struct refresh_one *one, struct err *err)
{
	one->token = (struct token)TOKEN_INIT;
	if (!one->is_open && store_open(&one->store, one->account, err) < 0)
		return -1;
	one->is_open = true;
	return 0;
}

bool refresh_one_is_due(struct refresh_one *one)
{
	if (!account_is_stored(one->account) || refresh_one_open(one, NULL) < 0)
		return false;
	bool is_fresh = store_load_file(&one->store, &one->token, NULL) == 0 &&
	                !refresh_is_needed(one->options, &one->token);
	token_clear(&one->token);
	return !is_fresh;
}

/* Takes over what another process did. */
static enum refresh_outcome refresh_one_take(struct refresh_one *one, struct err *err)
{
	const struct refresh_aside_result *aside = one->aside;
	struct store *store = &one->store;

	store->fell_back = aside->fell_back;
	if (aside->fell_back)
		store->keyring.error = aside->keyring;
	if (aside->outcome == REFRESH_FAILED) {
		*err = aside->err;
		return REFRESH_FAILED;
	}
	int result = store_load(store, &one->token, err);
	if (result > 0)
		account_not_logged_in(one->account, err); /* logged out meanwhile */
	return result == 0 ? aside->outcome : REFRESH_FAILED;
}

int refresh_one_run(struct refresh_one *one, struct err *err)
{
	struct store *store = &one->store;

	if (refresh_one_open(one, err) < 0)
		return refresh_one_failed(one, err);
	if (one->aside)
		one->outcome = refresh_one_take(one, err);
	else
		one->outcome = refresh_login(store, one->options, &one->token, err);
	if (store->file.access == STORE_FILE_TIGHTENED)
		report_note(one->report, "%s could be read by others; it is now private", store->file.path);
	if (store->fell_back)
		report_note(one->report, "%s: login saved in a private file", store->keyring.error.reason);
	if (one->outcome == REFRESH_FAILED)
		return refresh_one_failed(one, err);
	return 0;
}

int refresh_one_foresee(const struct refresh_one *one, struct err *err)
{
	const struct token *token = &one->token;
	double now = clock_now(), left = token_left(token, now);
	struct metadata state;

	metadata_load(one->store.state, token->expires_at, &state);
	bool rejected = metadata_is_rejected(&state, one->store.who.oauth_host, now);
	if (!rejected && *token->refresh_token)
		return 0;
	expiry_notice_error(one->account, left, rejected, err);
	return refresh_one_failed(one, err);
}

bool refresh_one_can_wait(const struct refresh_one *one, const struct err *failure)
{
	struct status status;

	return one->report->quiet && err_is_temporary(failure->code) &&
	       status_look(&status, one->account, NULL) == 0 && status_judge(&status, 0) == STATUS_GOOD;
}

void refresh_one_tell(const struct refresh_one *one)
{
	const struct report *report = one->report;
	char span[DURATION_SPAN_MAX], label[LABEL_MAX];
	json_t *data = login_event_data(one->account);

	json_object_set_new(data, "refreshed", json_boolean(one->outcome != REFRESH_NOT_NEEDED));
	json_object_set_new(data, "expires_at", json_from_number(floor(one->token.expires_at)));
	refresh_one_label(one, label);
	duration_span(token_left(&one->token, clock_now()), span);
	if (one->outcome == REFRESH_DONE)
		report_tell(report, "success", data, "%srefreshed; the token is valid for %s", label, span);
	else if (one->outcome == REFRESH_BY_OTHER)
		report_tell(report, "success", data,
		    "%srefreshed by another process; the token is valid for %s", label, span);
	else if (isinf(one->token.expires_at))
		report_tell(report, "success", data, "%sno refresh needed; the token does not expire", label);
	else
		report_tell(
		    report, "success", data, "%sno refresh needed; the token is valid for %s", label, span);
}
