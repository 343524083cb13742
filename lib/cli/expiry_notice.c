#include "cli/expiry_notice.h"

#include "base/clock.h"
#include "status/status.h"
#include "store/store.h"
#include "ui/duration.h"

#include <stdio.h>

/* False: another process is at the login, and may be renewing it. Where it cannot be noted, it is said again. */
static bool note_said(const struct home *home, const struct status *status)
{
	struct state state;
	struct store store;

	if (store_open(&store, home, &status->who, NULL) < 0 || store_lock(&store, clock_ms(), NULL) < 0)
		return false;
	state_load(store.state, status->expires_at, &state);
	state.expires_at = status->expires_at;
	snprintf(state.storage, sizeof(state.storage), "%s", status->storage);
	state.reminded = true;
	state_save(store.state, &state, NULL);
	store_close(&store);
	return true;
}

int reminder_error(double left, bool rejected, struct err *err)
{
	char span[SAY_SPAN_MAX];

	say_span(left, span);
	return err_set(err, ERR_REJECTED, "run 'kimi login'",
	    "this login expires in %s and cannot be refreshed: %s", span,
	    rejected ? "Kimi no longer accepts it" : "it has no refresh token");
}

void reminder_speak(const struct report *report, const struct home *home, const struct identity *who)
{
	struct status status;
	struct err words;

	if (!report->terminal || report->quiet || report->json || !*who->key ||
	    status_look(&status, home, who, false, NULL) < 0 || !status.will_end || status.known.reminded ||
	    status_judge(&status, 0) != STATUS_GOOD || !note_said(home, &status))
		return;
	reminder_error(status.expires_at - clock_now(), status.state == STATUS_REJECTED, &words);
	identity_advise(who, words.todo, sizeof(words.todo));
	report_note(report, "%s; %s", words.what, words.todo);
}
