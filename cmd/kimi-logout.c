/* kimi logout: removes a login: the tokens, and what login wrote to the config. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "config/region.h"
#include "login/logout.h"
#include "status/status.h"
#include "ui/duration.h"
#include "ui/login_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One login, or all of them. */
struct work {
	const struct report *report;
	bool all;
	struct home homes[CLIENTS]; /* where other logins may be left, or all are to be removed */
	size_t home_count;
	bool found; /* there was something to remove */
	int result;
	struct err err; /* the first failure, which does not stop the others */
};

static void work_fail(struct work *work, const struct err *err)
{
	if (work->result == 0)
		work->err = *err;
	else
		report_line(work->report, "%s", err->what);
	work->result = -1;
}

/*
 * Names the command for each login that is left: for those of the same platform and account,
 * which commands use from now on, or for all, if the user may have meant another login.
 */
static void tell_others(const struct work *work, const struct account *only)
{
	struct status_query query = {.homes = work->homes, .home_count = work->home_count};
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
		if (work->home_count > 1) {
			snprintf(client, sizeof(client), " --client %s", account->home->client->name);
			account->home = NULL;
		}
		report_tell(work->report, "info", data,
		    "still logged in to %s; run 'kimi logout%s%s%s' to log out", title, client,
		    account_option(account, option), region);
	}
	status_list_clear(&list);
}

static void logout_tell(const struct work *work, const struct account *account, const struct logout *logout)
{
	double left = logout->expires_at - clock_now();
	const struct report *report = work->report;
	char span[DURATION_SPAN_MAX], title[ACCOUNT_TITLE_MAX], label[40] = "";
	json_t *data = login_event_data(account);

	if (work->all && work->home_count > 1)
		snprintf(label, sizeof(label), "%s: ", account->home->client->name);
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

/* The error follows; these notes say what was removed all the same. */
static void logout_tell_failure(const struct report *report, const struct logout *logout)
{
	if (logout->config_err.code != ERR_NONE)
		report_note(report, "%s", logout->config_err.what);
	if (logout->removed_tokens && logout->tokens_failed)
		report_note(report, "the login was removed from the file");
	else if (logout->removed_tokens)
		report_note(report, "the tokens were removed");
}

static void log_out(struct work *work, const struct account *account)
{
	struct logout logout;
	struct err err;

	if (logout_run(account, &logout, &err) < 0) {
		logout_tell_failure(work->report, &logout);
		work_fail(work, &err);
		return;
	}
	bool found = logout.storage || logout.swept;
	if (found || !work->all)
		logout_tell(work, account, &logout);
	if (!work->all)
		tell_others(work, logout.storage ? account : NULL);
	work->found = work->found || found;
}

static void log_out_home(struct work *work, const struct home *home)
{
	struct err err;
	size_t count = 0;
	struct account *list = NULL;

	if (home_check_writable(home, &err) == 0)
		list = account_list_all(home, &count, &err);
	if (!list)
		work_fail(work, &err);
	for (size_t i = 0; i < count; i++)
		log_out(work, &list[i]);
	free(list);
}

static int log_out_all(struct work *work, const struct login_options *login, struct err *err)
{
	if (context_homes(work->homes, &work->home_count, login, err) < 0)
		return -1;
	for (size_t i = 0; i < work->home_count; i++)
		log_out_home(work, &work->homes[i]);
	if (!work->found && work->result == 0)
		report_tell(work->report, "success", json_pack("{s:n}", "platform"),
		    "not logged in to any platform: nothing to do");
	return 0;
}

/* Means the login of that region instead of the one that the config names. The config stays as it is. */
static int logout_choose_region(struct context *context, const char *region, struct err *err)
{
	const struct platform *platform = context->account.platform;

	if (!region)
		return 0;
	if (!platform->regions)
		return err_set(err, ERR_USAGE, "leave out --region", "%s has no regions", platform->name);
	if (platform_hosts_are_set(platform))
		return err_set(err, ERR_USAGE, "leave out --region, or unset the variables",
		    "--region cannot be used while the environment sets the host of Kimi");
	if (config_region_check(context->home.client, platform, region, err) < 0)
		return -1;
	account_set_region(&context->account, platform_region_named(platform, region));
	return 0;
}

static int log_out_selected(
    struct work *work, const struct login_options *login, const char *region, struct err *err)
{
	struct context context;

	if (context_open(&context, login, err) < 0 || logout_choose_region(&context, region, err) < 0 ||
	    home_check_writable(&context.home, err) < 0)
		return -1;
	work->homes[0] = context.home;
	work->home_count = 1;
	/* Who names a home means that one only. */
	if (!home_is_named(login->client) && context_homes(work->homes, &work->home_count, login, err) < 0)
		return -1;
	log_out(work, &context.account);
	return 0;
}

static int run(struct work *work, const struct login_options *login, const char *region, struct err *err)
{
	int result;

	if (work->all && (login->platform || login->account || region))
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--all cannot be used with --platform, --account or --region");
	if (work->all)
		result = log_out_all(work, login, err);
	else
		result = log_out_selected(work, login, region, err);
	if (result == 0 && work->result < 0)
		*err = work->err;
	if (work->result < 0)
		return -1;
	return result;
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("logout", "[OPTIONS]", "Remove a login: its tokens or API key, and its settings.");
	struct login_options login = {0};
	const char *region = NULL;
	struct work work = {.report = &c.report};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("all", &work.all, "remove every login"),
	    OPTION_TEXT("platform", &login.platform, "ID", "the platform (default: kimi-code)"),
	    COMMAND_ACCOUNT_ROW(&login.account),
	    COMMAND_CLIENT_ROW(&login.client),
	    OPTION_CHOICE("region", &region, "mainland-cn|global",
	        "the login of that region (default: the one that config.toml names)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0, &err);

	if (result == 0)
		result = run(&work, &login, region, &err);
	config_notes_tell(&c.report);
	return command_end(&c, result < 0, &err);
}
