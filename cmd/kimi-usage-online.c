/* The half of kimi usage that asks servers; kimi-usage becomes it, with the same arguments. */
#include "api/usage_fetch.h"
#include "cli/expiry_notice.h"
#include "cli/usage_options.h"
#include "config/view.h"
#include "ui/usage_view.h"

#include <stdlib.h>

struct logins {
	struct home homes[CLIENTS];
	size_t home_count;
	struct usage_login *items;
	size_t count;
};

static bool is_missing(const struct usage_login *login)
{
	return login->failed && login->err.code == ERR_LOGIN_REQUIRED;
}

/* The login that the options mean. */
static int logins_select(struct logins *logins, const struct usage_options *options, struct err *err)
{
	struct context context;

	logins->items = calloc(1, sizeof(*logins->items));
	if (!logins->items)
		return err_memory(err);
	if (context_open(&context, &options->login, err) < 0)
		return -1;
	logins->homes[0] = context.home;
	logins->home_count = 1;
	logins->items[0] = (struct usage_login){.home = &logins->homes[0], .who = context.who};
	logins->count = 1;
	return 0;
}

static int logins_add_home(
    struct logins *logins, const struct home *home, const struct platform *only, struct err *err)
{
	size_t count;
	int result = -1;
	struct identity *list = identity_list_all(home, &count, err);

	if (!list)
		return -1;
	struct usage_login *items = reallocarray(logins->items, logins->count + count + 1, sizeof(*items));
	if (!items) {
		err_memory(err);
		goto out;
	}
	logins->items = items;
	for (size_t i = 0; i < count; i++)
		if (!only || list[i].platform == only)
			items[logins->count++] =
			    (struct usage_login){.home = home, .who = list[i], .among_others = true};
	result = 0;
out:
	free(list);
	return result;
}

static int logins_list(struct logins *logins, const struct usage_options *options, struct err *err)
{
	const struct login_options *login = &options->login;
	const struct platform *only = NULL;

	if (login->platform && !(only = platform_find(login->platform, err)))
		return -1;
	if (context_homes(logins->homes, &logins->home_count, login, err) < 0)
		return -1;
	for (size_t i = 0; i < logins->home_count; i++)
		if (logins_add_home(logins, &logins->homes[i], only, err) < 0)
			return -1;
	return 0;
}

/* The platforms that one is not logged in to are no rows. Where nothing is stored KIMI_API_KEY is Kimi Code's. */
static void logins_drop_missing(struct logins *logins, double max_age)
{
	size_t kept = 0;

	for (size_t i = 0; i < logins->count; i++)
		if (!is_missing(&logins->items[i]))
			logins->items[kept++] = logins->items[i];
	logins->count = kept;
	if (kept)
		return;
	logins->count = 1;
	logins->items[0].among_others = false;
	usage_fetch(logins->items, 1, max_age);
}

/* As kimi token has it: where nothing is stored, the platform of the default model stands in, then KIMI_API_KEY. */
static int logins_ask_one(struct logins *logins, const struct usage_options *options, struct err *err)
{
	struct usage_login *login = &logins->items[0];
	const struct platform *other = NULL;

	if (!options->login.platform && !*login->who.account)
		other = config_default_platform_at(login->home);
	if (other == login->who.platform)
		other = NULL;
	login->among_others = other != NULL;
	usage_fetch(login, 1, options->max_age);
	if (!other || !is_missing(login))
		return 0;
	login->among_others = false;
	if (identity_find(&login->who, login->home, other->id, "", err) < 0)
		return -1;
	usage_fetch(login, 1, options->max_age);
	return 0;
}

static int logins_ask(struct logins *logins, const struct usage_options *options, struct err *err)
{
	if (!options->all)
		return logins_ask_one(logins, options, err);
	usage_fetch(logins->items, logins->count, options->max_age);
	logins_drop_missing(logins, options->max_age);
	return 0;
}

/* The error that the exit status tells of: an interruption, else the first. NULL: none failed. */
static const struct usage_login *logins_failed(const struct logins *logins)
{
	const struct usage_login *first = NULL;

	for (size_t i = 0; i < logins->count; i++) {
		const struct usage_login *login = &logins->items[i];
		if (login->failed && login->err.code == ERR_INTERRUPTED)
			return login;
		if (login->failed && !first)
			first = login;
	}
	return first;
}

static int fail_as(const struct usage_login *login, struct err *err)
{
	*err = login->err;
	identity_advise(&login->who, err->todo, sizeof(err->todo));
	return -1;
}

/* A login that is used up decides, also if others failed; else the exit status says what can be tried again. */
static int check(
    struct command *c, const struct logins *logins, double percent, int *ret_exit, struct err *err)
{
	const struct usage_login *failed = logins_failed(logins);
	struct err no_share;
	int result = 0;

	for (size_t i = 0; i < logins->count; i++) {
		const struct usage_login *login = &logins->items[i];
		int reaches = login->failed ? 0 : usage_reaches(&login->usage, percent, &no_share);
		if (reaches > 0) {
			*ret_exit = 1;
			return 0;
		}
		if (reaches < 0) {
			*err = no_share;
			result = -1;
		}
	}
	if (failed) {
		result = fail_as(failed, err);
		c->report.silent = err_exit_status(err->code) != 1;
	}
	return result;
}

/* A server that fails now hides an earlier answer from nobody: its age says that it is not of today. */
static int show_line(struct command *c, const struct usage_login *login, struct err *err)
{
	bool is_old = login->failed && login->has_usage && err_is_passing(login->err.code);

	if (!login->failed || is_old)
		usage_show_line(&login->usage, is_old);
	c->report.silent = is_old;
	return login->failed ? fail_as(login, err) : 0;
}

/* One of several: a line says which. */
static void tell_failed(const struct command *c, const struct usage_login *login)
{
	const struct identity *who = &login->who;
	const char *joint = *who->account ? "@" : "";
	struct err err;

	fail_as(login, &err);
	report_line(&c->report, "%s%s%s: %s%s%s", who->platform->id, joint, who->account, err.what,
	    *err.todo ? "; " : "", err.todo);
}

static int usage_online_show(
    struct command *c, const struct logins *logins, const struct usage_options *options, struct err *err)
{
	bool all = options->all;
	struct profile profile, *known = NULL;
	const struct usage_login *failed = logins_failed(logins);
	bool is_nothing = failed && (failed->err.code == ERR_INTERRUPTED || is_missing(failed) || !all);

	if (!all)
		reminder_speak(&c->report, logins->items[0].home, &logins->items[0].who);
	if (is_nothing)
		return fail_as(failed, err);
	if (options->profile &&
	    profile_fetch(logins->items[0].home, &logins->items[0].who, &profile, NULL) == 0)
		known = &profile;
	if (c->report.json)
		usage_show_json(logins->items, logins->count, known);
	else
		usage_show(logins->items, logins->count);
	/* The one object has been printed, and has the errors: from here on they are for people. */
	c->report.json = false;
	for (size_t i = 0; i < logins->count; i++)
		if (logins->items[i].failed)
			tell_failed(c, &logins->items[i]);
	c->report.silent = true;
	return failed ? fail_as(failed, err) : 0;
}

static int run(struct command *c, const struct usage_options *options, int *ret_exit, struct err *err)
{
	struct logins logins = {0};
	int result = options->all ? logins_list(&logins, options, err) : logins_select(&logins, options, err);

	if (result == 0)
		result = logins_ask(&logins, options, err);
	if (result == 0 && options->check >= 0)
		result = check(c, &logins, options->check, ret_exit, err);
	else if (result == 0 && options->line)
		result = show_line(c, &logins.items[0], err);
	else if (result == 0)
		result = usage_online_show(c, &logins, options, err);
	free(logins.items);
	return result;
}

int main(int argc, char **argv)
{
	struct usage_options options;
	struct command c;
	struct err err = {0};
	int exit_status = 0;
	int failed = usage_options_begin(&c, &options, argc, argv, &err);

	if (!failed)
		failed = run(&c, &options, &exit_status, &err);
	return command_end_with(&c, failed < 0, &err, exit_status);
}
