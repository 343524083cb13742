/* kimi status: how the logins stand, what is wrong, and what to do. */
#include "auth/history.h"
#include "cli/command.h"
#include "home/home.h"
#include "status/status.h"
#include "ui/status_view.h"

#include <string.h>

struct wish {
	const char *platform_id, *account;
	bool check, line, history, online, all;
	double min_valid;
};

static int exit_status_of(enum status_verdict verdict)
{
	return verdict == STATUS_GOOD            ? 0
	       : verdict == STATUS_NEEDS_REFRESH ? err_exit_status(ERR_BUSY)
	                                         : err_exit_status(ERR_LOGIN_REQUIRED);
}

/* The worst of all; nothing at all is a login that is needed. */
static int check_all(const struct wish *wish, const struct home *home, int *ret_exit, struct err *err)
{
	const struct platform *only = wish->platform_id ? platform_find(wish->platform_id, err) : NULL;
	enum status_verdict worst = STATUS_GOOD;
	struct status_list list;

	if ((wish->platform_id && !only) || status_list(&list, home, only, NULL, false, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		enum status_verdict one = status_judge(&list.items[i], wish->min_valid);
		worst = one > worst ? one : worst;
	}
	*ret_exit = exit_status_of(list.count ? worst : STATUS_NEEDS_LOGIN);
	status_list_clear(&list);
	return 0;
}

static int show_all(
    const struct command *c, const struct wish *wish, const struct home *home, struct err *err)
{
	const struct platform *only = wish->platform_id ? platform_find(wish->platform_id, err) : NULL;
	struct status selected;
	struct status_list list;
	struct sources sources;

	if ((wish->platform_id && !only) ||
	    status_list(&list, home, only, wish->account, wish->online, err) < 0)
		return -1;
	int failed = 0;
	if (c->report.json) {
		status_show_json(&list);
	} else if ((failed = status_select(&selected, home, &list, wish->platform_id, wish->account, err)) ==
	           0) {
		sources_find(&sources, home, &selected, wish->platform_id != NULL, wish->account != NULL);
		status_show(&list, &sources);
	}
	status_list_clear(&list);
	return failed;
}

/* Of the platform and the account that were named, if any were. */
static bool is_asked_for(const json_t *line, const struct wish *wish)
{
	const char *platform = json_string_value(json_object_get(line, "platform"));
	const char *account = json_string_value(json_object_get(line, "account"));

	return (!wish->platform_id || (platform && strcmp(platform, wish->platform_id) == 0)) &&
	       (!wish->account || strcmp(account ? account : "", wish->account) == 0);
}

static int show_history(
    const struct command *c, const struct wish *wish, const struct home *home, struct err *err)
{
	json_t *lines = NULL, *chosen = json_array(), *line;
	size_t i;
	int failed = !wish->platform_id || platform_find(wish->platform_id, err) ? 0 : -1;

	if (!failed)
		failed = history_read(home, &lines, err);
	json_array_foreach(lines, i, line)
	{
		if (is_asked_for(line, wish))
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
	struct status selected;
	struct home home;

	if (home_find(&home, err) < 0)
		return -1;
	if (wish->check + wish->line + wish->history + wish->online > 1)
		return err_set(err, ERR_USAGE, "see --help",
		    "--check, --line, --history and --online exclude each other");
	if ((wish->all || wish->min_valid >= 0) && !wish->check)
		return err_set(err, ERR_USAGE, "see --help", "--all and --min-valid go with --check");
	if (wish->all && wish->account)
		return err_set(err, ERR_USAGE, "leave out one of them", "--all goes without --account");
	if (wish->history)
		return show_history(c, wish, &home, err);
	if (wish->all)
		return check_all(wish, &home, ret_exit, err);
	if (!wish->check && !wish->line)
		return show_all(c, wish, &home, err);
	if (status_select(&selected, &home, NULL, wish->platform_id, wish->account, err) < 0)
		return -1;
	if (wish->line)
		status_show_line(&selected);
	else
		*ret_exit = exit_status_of(status_judge(&selected, wish->min_valid));
	return 0;
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("status", "[OPTIONS]", "Show how the logins stand, what is wrong and what to do.");
	struct wish wish = {.min_valid = -1};
	struct err err = {0};
	int exit_status = 0;
	const struct option_row table[] = {
	    OPTION_FLAG("check", &wish.check, "say nothing; exit 0 good, 75 refresh needed, 4 login needed"),
	    OPTION_NUMBER("min-valid", &wish.min_valid, "SECONDS", 0, 1e9,
	        "with --check: good for that long (default as kimi token)"),
	    OPTION_FLAG("all", &wish.all, "with --check: judge every login, the worst counts"),
	    OPTION_FLAG("line", &wish.line, "one line on the selected login, for a prompt"),
	    OPTION_FLAG("history", &wish.history, "logins, refreshes, rejections and logouts so far"),
	    OPTION_FLAG("online", &wish.online, "ask Kimi whether it takes each login"),
	    OPTION_TEXT("platform", &wish.platform_id, "ID", "the platform (default all)"),
	    COMMAND_ACCOUNT_ROW(&wish.account),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &exit_status, &err);
	return command_end_with(&c, failed < 0, &err, exit_status);
}
