#include "cli/logout_flow.h"

#include "base/clock.h"
#include "login/logout.h"
#include "status/status.h"
#include "ui/duration.h"
#include "ui/login_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `only` NULL: the user may have meant any of them. */
static void logout_tell_others(
    const struct report *report, const struct logout_homes *homes, const struct account *only)
{
	struct status_query query = {.homes = homes->list, .home_count = homes->count};
	struct status_list list;

	if (only)
		query.only = only->platform;
	if (status_list(&list, &query, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		const struct status *status = &list.items[i];
		struct account *account = &list.items[i].account;
		char client[40] = "", option[ACCOUNT_OPTION_MAX], region[40] = "", title[ACCOUNT_TITLE_MAX];
		if (!status->storage || (only && strcmp(account->name, only->name) != 0))
			continue;
		if (status->is_unused && account->region && !platform_hosts_are_set(account->platform))
			snprintf(region, sizeof(region), " --region %s", account->region->name);
		else if (status->is_unused)
			snprintf(region, sizeof(region), " --all");
		account_title_with_region(account, title);
		json_t *data = login_event_data(account);
		/* Name it even if the command would find it by itself. */
		if (homes->count > 1) {
			snprintf(client, sizeof(client), " --client %s", account->home->client->name);
			account->home = NULL;
		}
		report_tell(report, "info", data, "still logged in to %s; run 'kimi logout%s%s%s' to log out",
		    title, client, account_option(account, option), region);
	}
	status_list_clear(&list);
}

/* `label`: before the message, "kimi-code: ". */
static void logout_tell(const struct report *report, const char *label, const struct account *account,
    const struct logout *logout)
{
	double left = logout->expires_at - clock_now();
	char span[DURATION_SPAN_MAX], title[ACCOUNT_TITLE_MAX];
	json_t *data = login_event_data(account);

	account_title_with_region(account, title);
	duration_span(left, span);
	if (!logout->storage && logout->swept)
		report_tell(report, "success", data,
		    "%snot logged in to %s: removed what an interrupted command left behind", label, title);
	else if (!logout->storage)
		report_tell(report, "success", data, "%snot logged in to %s: nothing to do", label, title);
	else if (left < 1)
		report_tell(report, "success", data, "%slogged out of %s", label, title);
	else
		report_tell(report, "success", data,
		    "%slogged out of %s; the access token stays valid for another %s, since it cannot be "
		    "revoked",
		    label, title, span);
}

/* Removes the login. If that fails, the error follows; notes say what was removed all the same. */
static int logout_run_and_note(
    const struct report *report, const struct account *account, struct logout *ret_logout, struct err *err)
{
	if (logout_run(account, ret_logout, err) == 0)
		return 0;
	if (ret_logout->config_err.code != ERR_NONE)
		report_note(report, "%s", ret_logout->config_err.what);
	if (ret_logout->removed_tokens && ret_logout->tokens_failed)
		report_note(report, "the login was removed from the file");
	else if (ret_logout->removed_tokens)
		report_note(report, "the tokens were removed");
	return -1;
}

int logout_flow_one(const struct report *report, const struct logout_homes *homes,
    const struct account *account, struct err *err)
{
	struct logout logout;

	if (logout_run_and_note(report, account, &logout, err) < 0)
		return -1;
	logout_tell(report, "", account, &logout);
	logout_tell_others(report, homes, logout.storage ? account : NULL);
	return 0;
}

/* The logins of all homes. */
struct logout_all {
	const struct report *report;
	const struct logout_homes *homes;
	bool found; /* there was something to remove */
	int result;
	struct err err; /* the first failure */
};

static void logout_all_fail(struct logout_all *all, const struct err *err)
{
	if (all->result == 0)
		all->err = *err;
	else
		report_line(all->report, "%s", err->what);
	all->result = -1;
}

static void logout_all_in(struct logout_all *all, const struct home *home)
{
	struct account *list = NULL;
	size_t count = 0;
	char label[40] = "";
	struct err err;

	if (all->homes->count > 1)
		snprintf(label, sizeof(label), "%s: ", home->client->name);
	if (home_check_writable(home, &err) == 0)
		list = account_list(home, ACCOUNTS_STORED, &count, &err);
	if (!list)
		logout_all_fail(all, &err);
	for (size_t i = 0; i < count; i++) {
		struct logout logout;
		if (logout_run_and_note(all->report, &list[i], &logout, &err) < 0) {
			logout_all_fail(all, &err);
		} else if (logout.storage || logout.swept) {
			logout_tell(all->report, label, &list[i], &logout);
			all->found = true;
		}
	}
	free(list);
}

int logout_flow_all(const struct report *report, const struct logout_homes *homes, struct err *err)
{
	struct logout_all all = {.report = report, .homes = homes};

	for (size_t i = 0; i < homes->count; i++)
		logout_all_in(&all, &homes->list[i]);
	if (!all.found && all.result == 0)
		report_tell(report, "success", json_pack("{s:n}", "platform"),
		    "not logged in to any platform: nothing to do");
	if (all.result < 0)
		*err = all.err;
	return all.result;
}
