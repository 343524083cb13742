#include "cli/refresh_many.h"

#include "base/memory.h"
#include "cli/login_flow.h"
#include "cli/refresh_one.h"

#include <stdlib.h>

struct refresh_many_login {
	struct account account;
	struct refresh_one one;
	struct refresh_aside job;
	bool is_aside;
};

static int refresh_many_refresh(struct refresh_one *one, const char *storage, struct err *err)
{
	if (store_check_kind(one->account->home->client, storage, err) < 0 || refresh_one_run(one, err) < 0)
		return -1;
	int result = login_flow_move(one->report, &one->store, storage, err);
	if (result == 0)
		result = refresh_one_foresee(one, err);
	if (result == 0)
		refresh_one_tell(one);
	token_clear(&one->token);
	return result;
}

static void refresh_many_fail(struct refresh_many *many, const struct err *err, bool can_wait)
{
	bool is_interrupted = err->code == ERR_INTERRUPTED;

	if (many->result == 0 || is_interrupted || (many->can_wait && !can_wait)) {
		many->err = *err;
		many->can_wait = can_wait;
	} else if (!can_wait) {
		report_line(many->report, "%s", err->what);
	}
	many->result = -1;
}

/* Refreshes one login, unless that was done aside, and reports it. */
static void refresh_many_finish(struct refresh_many *many, struct refresh_many_login *login)
{
	struct refresh_one *one = &login->one;
	struct err err = {0};

	if (many->err.code == ERR_INTERRUPTED)
		return;
	if (login->is_aside)
		one->aside = &login->job.result;
	int result = refresh_many_refresh(one, many->storage, &err);
	if (result < 0 && err.code == ERR_LOGIN_REQUIRED) {
		if (many->not_found.code == ERR_NONE)
			many->not_found = err;
		return;
	}
	many->found++;
	if (result < 0)
		refresh_many_fail(many, &err, refresh_one_can_wait(one, &err));
}

void refresh_many_account(struct refresh_many *many, const struct account *account)
{
	many->logins = memory_resize(many->logins, (many->count + 1) * sizeof(*many->logins));
	many->logins[many->count++] = (struct refresh_many_login){.account = *account};
}

int refresh_many_home(struct refresh_many *many, const struct home *home, struct err *err)
{
	size_t count = 0;
	struct account *list = account_list(home, ACCOUNTS_WITH_TOKENS, &count, err);

	if (!list)
		return -1;
	for (size_t i = 0; i < count; i++)
		refresh_many_account(many, &list[i]);
	free(list);
	return 0;
}

/* Starts the refreshes of those that are due, if there are several. Returns how many. */
static size_t refresh_many_start(struct refresh_many *many, struct refresh_aside *jobs[REFRESH_ASIDE_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < many->count && count < REFRESH_ASIDE_MAX; i++) {
		struct refresh_many_login *login = &many->logins[i];
		if (!refresh_one_is_due(&login->one))
			continue;
		login->job = (struct refresh_aside){
		    .who = &login->account,
		    .options = *many->options,
		    .context = login,
		};
		jobs[count++] = &login->job;
	}
	if (count < 2)
		return 0;
	for (size_t i = 0; i < count; i++) {
		struct refresh_many_login *login = jobs[i]->context;
		login->is_aside = true;
		refresh_aside_begin(jobs[i]);
	}
	return count;
}

int refresh_many_run(struct refresh_many *many, struct err *err)
{
	struct refresh_aside *jobs[REFRESH_ASIDE_MAX];
	size_t finished = 0;

	for (size_t i = 0; i < many->count; i++)
		many->logins[i].one = (struct refresh_one){
		    .report = many->report,
		    .account = &many->logins[i].account,
		    .options = many->options,
		    .several_homes = many->several_homes,
		};
	size_t job_count = refresh_many_start(many, jobs);
	do {
		for (; finished < many->count; finished++) {
			struct refresh_many_login *login = &many->logins[finished];
			if (login->is_aside && !login->job.taken)
				break;
			refresh_many_finish(many, login);
		}
	} while (refresh_aside_next(jobs, job_count));
	many->report->silent = many->can_wait;
	if (!many->found) {
		*err = many->not_found;
		return -1;
	}
	*err = many->err;
	return many->result;
}

void refresh_many_clear(struct refresh_many *many)
{
	free(many->logins);
	many->logins = NULL;
	many->count = 0;
}
