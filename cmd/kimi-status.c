/* kimi status: shows the logins, and problems with their remedies. */
#include "auth/history.h"
#include "base/env.h"
#include "cli/command.h"
#include "cli/context.h"
#include "status/checks.h"
#include "status/proxy_record.h"
#include "status/status.h"
#include "ui/status_view.h"

struct options {
	struct login_options login;
	bool check, line, history, online, all, verbose;
	double min_valid;
};

static int exit_status_of(enum status_verdict verdict)
{
	if (verdict == STATUS_GOOD)
		return 0;
	if (verdict == STATUS_NEEDS_REFRESH)
		return err_exit_status(ERR_BUSY);
	return err_exit_status(ERR_LOGIN_REQUIRED);
}

/* All logins that match the options, in all homes. */
static int list_all(
    const struct options *options, struct home homes[CLIENTS], struct status_list *ret_list, struct err *err)
{
	const struct login_options *login = &options->login;
	const struct platform *only = NULL;
	size_t count;

	if (login->platform && !(only = platform_find(login->platform, err)))
		return -1;
	if (context_homes(homes, &count, login, err) < 0)
		return -1;
	const struct status_query query = {
	    .homes = homes,
	    .home_count = count,
	    .only = only,
	    .account = login->account,
	    .online = options->online,
	};
	if (status_list(ret_list, &query, err) < 0)
		return -1;
	if (!only && !login->account && !login->client && !env_get("KIMI_CLIENT"))
		checks_clients(ret_list, &ret_list->general);
	return 0;
}

/* The worst verdict of all logins; if there are none, a login is needed. */
static int check_all(struct command *c, const struct options *options, struct err *err)
{
	enum status_verdict worst = STATUS_GOOD;
	struct home homes[CLIENTS];
	struct status_list list;

	if (list_all(options, homes, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		enum status_verdict one = status_judge(&list.items[i], options->min_valid);
		worst = one > worst ? one : worst;
	}
	c->exit_status = exit_status_of(list.count ? worst : STATUS_NEEDS_LOGIN);
	status_list_clear(&list);
	return 0;
}

static int show_selected(
    const struct status_selection *selection, const struct options *options, struct err *err)
{
	const struct settings_named named = {
	    .platform = options->login.platform != NULL, .account = options->login.account != NULL};
	struct status selected;
	struct settings settings;

	if (status_select(&selected, selection, err) < 0)
		return -1;
	settings_find(&settings, &selected, &named);
	status_show(selection->known, &settings, options->verbose);
	json_t *proxies = proxy_record_list();
	status_show_proxies(proxies);
	json_decref(proxies);
	return 0;
}

static int show_all(const struct command *c, const struct options *options, struct err *err)
{
	const struct login_options *login = &options->login;
	struct home homes[CLIENTS];
	struct context context;
	struct status_list list;
	int result = 0;

	if (context_open(&context, login, err) < 0 || list_all(options, homes, &list, err) < 0)
		return -1;
	const struct status_selection selection = {
	    .account = &context.account,
	    .platform_is_named = login->platform != NULL,
	    .known = &list,
	};
	if (c->report.json)
		status_show_json(&list, proxy_record_list());
	else
		result = show_selected(&selection, options, err);
	status_list_clear(&list);
	return result;
}

static int show_history(const struct command *c, const struct options *options, struct err *err)
{
	const struct login_options *login = &options->login;
	json_t *lines = NULL, *line;
	struct home homes[CLIENTS];
	struct context context;
	size_t i, count;
	int result = context_open(&context, login, err);

	if (result == 0)
		result = context_homes(homes, &count, login, err);
	if (result == 0)
		result = history_read(homes, count, &lines, err);
	history_select(lines, login->platform, login->account);
	json_array_foreach(lines, i, line)
	{
		if (c->report.json)
			report_json(json_incref(line));
	}
	if (result == 0 && !c->report.json)
		status_show_history(lines);
	json_decref(lines);
	return result;
}

static int run(struct command *c, const struct options *options, struct err *err)
{
	struct context context;
	struct status selected;

	if (options->check + options->line + options->history + options->online > 1)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--check, --line, --history and --online cannot be used together");
	if (options->line && c->report.json)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "--json and --line cannot be used together");
	if ((options->all || options->min_valid >= 0) && !options->check)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "--all and --min-valid need --check");
	if (options->all && options->login.account)
		return err_set(
		    err, ERR_USAGE, "leave out one of them", "--all and --account cannot be used together");
	if (options->history)
		return show_history(c, options, err);
	if (options->all)
		return check_all(c, options, err);
	if (!options->check && !options->line)
		return show_all(c, options, err);
	if (context_open(&context, &options->login, err) < 0)
		return -1;
	const struct status_selection selection = {
	    .account = &context.account,
	    .platform_is_named = options->login.platform != NULL,
	};
	if (status_select(&selected, &selection, err) < 0)
		return -1;
	if (options->line)
		status_show_line(&selected);
	else
		c->exit_status = exit_status_of(status_judge(&selected, options->min_valid));
	return 0;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("status", "[OPTIONS]", "Show your logins and any problems.");
	struct options options = {.min_valid = -1};
	const struct option_row table[] = {
	    OPTION_FLAG("check", &options.check, "print nothing; exit 0 if good, 75 or 4 if not"),
	    OPTION_NUMBER("min-valid", &options.min_valid, "SECONDS", 0, 1e9,
	        "with --check: must be valid for SECONDS"),
	    OPTION_FLAG("all", &options.all, "with --check: all logins must be good"),
	    OPTION_FLAG("line", &options.line, "print one line, for a shell prompt"),
	    OPTION_FLAG("history", &options.history, "list past logins, refreshes and logouts"),
	    OPTION_FLAG("online", &options.online, "ask Kimi whether each login is accepted"),
	    OPTION_FLAG("verbose", &options.verbose, "also show exact times and all settings"),
	    OPTION_TEXT("platform", &options.login.platform, "ID", "the platform (default: all)"),
	    COMMAND_ACCOUNT_ROW(&options.login.account),
	    COMMAND_CLIENT_ROW(&options.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0);

	if (result == 0)
		result = run(&c, &options, &c.err);
	return command_end(&c, result);
}
