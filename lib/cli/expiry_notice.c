#include "cli/expiry_notice.h"

#include "base/clock.h"
#include "status/status.h"
#include "store/store.h"
#include "ui/duration.h"

#include <stdio.h>

/* Records the notice. Returns false if another process has the lock, since it may be refreshing the login. */
static bool note_said(const struct status *status)
{
	struct metadata state;
	struct store store;

	if (store_open(&store, &status->account, NULL) < 0 || store_lock(&store, clock_ms(), NULL) < 0)
		return false;
	metadata_load(store.state, status->expires_at, &state);
	state.expires_at = status->expires_at;
	snprintf(state.storage, sizeof(state.storage), "%s", status->storage);
	state.reminded = true;
	metadata_save(store.state, &state);
	store_close(&store);
	return true;
}

int expiry_notice_error(const struct account *account, double left, bool rejected, struct err *err)
{
	const char *reason = "it has no refresh token";
	char span[DURATION_SPAN_MAX];

	if (rejected)
		reason = "Kimi no longer accepts it";
	duration_span(left, span);
	return account_needs_login(
	    account, ERR_REJECTED, err, "this login expires in %s and cannot be refreshed: %s", span, reason);
}

void expiry_notice_speak(const struct report *report, const struct account *account)
{
	struct status status;
	struct err words;

	if (!report->terminal || report->quiet || report->json || !*account->key ||
	    status_look(&status, account, NULL) < 0 || !status.will_end || status.known.reminded ||
	    status_judge(&status, 0) != STATUS_GOOD || !note_said(&status))
		return;
	expiry_notice_error(
	    account, status.expires_at - clock_now(), status.state == STATUS_REJECTED, &words);
	report_note(report, "%s; %s", words.what, words.hint);
}
