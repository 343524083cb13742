/* kimi status: shows the logins, and problems with their remedies. */
#include "auth/history.h"
#include "base/env.h"
#include "cli/command.h"
#include "cli/context.h"
#include "status/checks.h"
#include "status/proxy_record.h"
#include "status/status.h"
#include "ui/status_view.h"

#include <string.h>

struct wish {
	struct login_options login;
	bool check, line, history, online, all, verbose;
	double min_valid;
};

static int exit_status_of(enum status_verdict verdict)
{
	return verdict == STATUS_GOOD            ? 0
	       : verdict == STATUS_NEEDS_REFRESH ? err_exit_status(ERR_BUSY)
	                                         : err_exit_status(ERR_LOGIN_REQUIRED);
}

/* The logins that the options do not rule out, in all homes. */
static int list_all(
    const struct wish *wish, struct home homes[CLIENTS], struct status_list *ret_list, struct err *err)
{
	const struct login_options *login = &wish->login;
	const struct platform *only = NULL;
	size_t count;

	if (login->platform && !(only = platform_find(login->platform, err)))
		return -1;
	if (context_homes(homes, &count, login, err) < 0)
		return -1;
	if (status_list(ret_list, homes, count, only, login->account, wish->online, err) < 0)
		return -1;
	if (!only && !login->account && !login->client && !env_get("KIMI_CLIENT"))
		surroundings_check_clients(ret_list, &ret_list->general);
	return 0;
}

/* The worst of all; nothing at all is a login that is needed. */
static int check_all(const struct wish *wish, int *ret_exit, struct err *err)
{
	enum status_verdict worst = STATUS_GOOD;
	struct home homes[CLIENTS];
	struct status_list list;

	if (list_all(wish, homes, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		enum status_verdict one = status_judge(&list.items[i], wish->min_valid);
		worst = one > worst ? one : worst;
	}
	*ret_exit = exit_status_of(list.count ? worst : STATUS_NEEDS_LOGIN);
	status_list_clear(&list);
	return 0;
}

/* The home of the selected login among those that were listed. */
static const struct home *listed_home(const struct home homes[CLIENTS], size_t count, const struct home *home)
{
	for (size_t i = 0; i < count; i++)
		if (homes[i].client == home->client)
			return &homes[i];
	return home;
}

static int show_all(const struct command *c, const struct wish *wish, struct err *err)
{
	const struct login_options *login = &wish->login;
	struct home homes[CLIENTS] = {0};
	struct context context;
	struct status selected;
	struct status_list list;
	struct sources sources;

	if (context_open(&context, login, err) < 0 || list_all(wish, homes, &list, err) < 0)
		return -1;
	const struct home *home = listed_home(homes, CLIENTS, &context.home);
	int result = 0;
	if (c->report.json) {
		status_show_json(&list, proxy_record_list());
	} else {
		result = status_select(&selected, home, &context.who, &list, login->platform != NULL, err);
		if (result == 0) {
			sources_find(
			    &sources, home, &selected, login->platform != NULL, login->account != NULL);
			status_show(&list, &sources, wish->verbose);
			json_t *proxies = proxy_record_list();
			status_show_proxies(proxies);
			json_decref(proxies);
		}
	}
	status_list_clear(&list);
	return result;
}

/* Of the platform and the account that were named, if any were. */
static bool status_is_asked_for(const json_t *line, const struct wish *wish)
{
	const char *platform = json_string_value(json_object_get(line, "platform"));
	const char *account = json_string_value(json_object_get(line, "account"));

	return (!wish->login.platform || (platform && strcmp(platform, wish->login.platform) == 0)) &&
	       (!wish->login.account || strcmp(account ? account : "", wish->login.account) == 0);
}

static int show_history(const struct command *c, const struct wish *wish, struct err *err)
{
	json_t *lines = NULL, *chosen = json_array(), *line;
	struct context context;
	size_t i;
	int failed = context_open(&context, &wish->login, err);

	if (!failed)
		failed = history_read(&context.home, &lines, err);
	json_array_foreach(lines, i, line)
	{
		if (status_is_asked_for(line, wish))
			json_array_append(chosen, line);
	}
	json_array_foreach(chosen, i, line)
	{
		if (c->report.json)
			report_json(json_incref(line));
	}
	if (!failed && !c->report.json && !status_show_history(chosen))
		failed = err_memory(err);
	json_decref(chosen);
	json_decref(lines);
	return failed;
}

static int run(const struct command *c, const struct wish *wish, int *ret_exit, struct err *err)
{
	struct context context;
	struct status selected;

	if (wish->check + wish->line + wish->history + wish->online > 1)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--check, --line, --history and --online cannot be used together");
	if ((wish->all || wish->min_valid >= 0) && !wish->check)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "--all and --min-valid need --check");
	if (wish->all && wish->login.account)
		return err_set(
		    err, ERR_USAGE, "leave out one of them", "--all and --account cannot be used together");
	if (wish->history)
		return show_history(c, wish, err);
	if (wish->all)
		return check_all(wish, ret_exit, err);
	if (!wish->check && !wish->line)
		return show_all(c, wish, err);
	if (context_open(&context, &wish->login, err) < 0 ||
	    status_select(&selected, &context.home, &context.who, NULL, wish->login.platform != NULL, err) <
	        0)
		return -1;
	if (wish->line)
		status_show_line(&selected);
	else
		*ret_exit = exit_status_of(status_judge(&selected, wish->min_valid));
	return 0;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("status", "[OPTIONS]", "Show your logins and any problems.");
	struct wish wish = {.min_valid = -1};
	struct err err = {0};
	int exit_status = 0;
	const struct option_row table[] = {
	    OPTION_FLAG("check", &wish.check, "print nothing; exit 0 if good, 75 or 4 if not"),
	    OPTION_NUMBER(
	        "min-valid", &wish.min_valid, "SECONDS", 0, 1e9, "with --check: must be valid for so long"),
	    OPTION_FLAG("all", &wish.all, "with --check: all logins must be good"),
	    OPTION_FLAG("line", &wish.line, "print one line, for a shell prompt"),
	    OPTION_FLAG("history", &wish.history, "list past logins, refreshes and logouts"),
	    OPTION_FLAG("online", &wish.online, "ask Kimi whether each login is accepted"),
	    OPTION_FLAG("verbose", &wish.verbose, "also show exact times and all settings"),
	    OPTION_TEXT("platform", &wish.login.platform, "ID", "the platform (default: all)"),
	    COMMAND_ACCOUNT_ROW(&wish.login.account),
	    COMMAND_CLIENT_ROW(&wish.login.client),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &exit_status, &err);
	return command_end_with(&c, failed < 0, &err, exit_status);
}
