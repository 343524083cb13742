#include "cli/refresh_one.h"

#include "base/clock.h"
#include "cli/expiry_notice.h"
#include "format/json.h"
#include "status/status.h"
#include "ui/duration.h"

#include <math.h>
#include <stdio.h>

static int name_account(const struct identity *who, struct err *err)
{
	const struct err bare = *err;

	if (*who->account)
		snprintf(err->what, sizeof(err->what), "%s: %.*s", who->account,
		    (int)(sizeof(err->what) - sizeof(who->account) - 2), bare.what);
	identity_advise(who, err->todo, sizeof(err->todo));
	return -1;
}

int renewal_run(const struct report *report, const struct home *home, const struct identity *who,
    const struct refresh_wish *wish, struct renewal *ret_renewal, struct err *err)
{
	struct store *store = &ret_renewal->store;

	ret_renewal->who = who;
	ret_renewal->token = (struct token)TOKEN_INIT;
	if (store_open(store, home, who, err) < 0)
		return name_account(who, err);
	int failed = refresh_login(home, store, wish, &ret_renewal->token, &ret_renewal->outcome, err);
	if (store->rights == LOGIN_TIGHTENED)
		report_note(report, "%s could be read by others; it is now private", store->file);
	if (store->fell_back)
		report_note(report, "%s: login saved in a private file", store->keyring.trouble.why);
	return failed ? name_account(who, err) : 0;
}

int renewal_foresee(const struct renewal *renewal, struct err *err)
{
	const struct token *token = &renewal->token;
	double now = clock_now(), left = token_left(token, now);
	struct state state;

	state_load(renewal->store.state, token->expires_at, &state);
	bool rejected = state_is_rejected(&state, renewal->store.host, now);
	if (!rejected && *token->refresh_token)
		return 0;
	reminder_error(left, rejected, err);
	return name_account(renewal->who, err);
}

bool renewal_can_wait(const struct report *report, const struct home *home, const struct identity *who,
    const struct err *failure)
{
	struct status status;

	return report->quiet && err_is_passing(failure->code) &&
	       status_look(&status, home, who, false, NULL) == 0 && status_judge(&status, 0) == STATUS_GOOD;
}

void renewal_tell(const struct report *report, const struct renewal *renewal)
{
	static const char *const words[] = {
	    [REFRESH_NOT_NEEDED] = "no refresh needed",
	    [REFRESH_DONE] = "refreshed",
	    [REFRESH_BY_OTHER] = "refreshed by another process",
	};
	const struct identity *who = renewal->who;
	const char *account = *who->account ? who->account : NULL;
	char span[SAY_SPAN_MAX];

	say_span(token_left(&renewal->token, clock_now()), span);
	if (isinf(renewal->token.expires_at))
		snprintf(span, sizeof(span), "unlimited time");
	report_tell(report, "success",
	    json_pack("{s:s, s:s?, s:b, s:o}", "platform", who->platform->id, "account", account, "refreshed",
	        renewal->outcome != REFRESH_NOT_NEEDED, "expires_at",
	        json_from_number(floor(renewal->token.expires_at))),
	    "%s%s%s; the token is valid for %s", who->account, account ? ": " : "", words[renewal->outcome],
	    span);
}
