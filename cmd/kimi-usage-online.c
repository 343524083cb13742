/* The part of kimi usage that asks servers. kimi-usage becomes this program, with the same arguments. */
#include "api/profile.h"
#include "cli/expiry_notice.h"
#include "cli/usage_logins.h"
#include "ui/usage_view.h"

/* Returns an error of a login. With several logins it says which one failed. */
static int fail_as(const struct usage_logins *logins, const struct usage_login *login,
    const struct err *reason, struct err *err)
{
	char label[USAGE_LABEL_MAX];

	*err = *reason;
	if (logins->count < 2 || reason->code == ERR_INTERRUPTED)
		return -1;
	usage_label(logins->items, logins->count, (size_t)(login - logins->items), label);
	return err_set(err, reason->code, reason->hint, "%s: %s", label, reason->what);
}

/* A login above the limit decides even if others failed. */
static int check(struct command *c, const struct usage_logins *logins, double percent, struct err *err)
{
	const struct usage_login *failed = usage_logins_failed(logins);
	int result = 0;

	for (size_t i = 0; i < logins->count; i++) {
		const struct usage_login *login = &logins->items[i];
		struct err no_share;
		int reaches = login->failed ? 0 : usage_reaches(&login->usage, percent, &no_share);
		if (reaches > 0) {
			c->exit_status = 1;
			return 0;
		}
		if (reaches < 0)
			result = fail_as(logins, login, &no_share, err);
	}
	if (failed) {
		result = fail_as(logins, failed, &failed->err, err);
		c->report.silent = err_exit_status(err->code) != 1;
	}
	return result;
}

/* If the server fails temporarily, shows the last known usage with its age. */
static int show_line(struct command *c, const struct usage_logins *logins, struct err *err)
{
	const struct usage_login *login = &logins->items[0];
	bool is_old = login->failed && login->has_usage && err_is_temporary(login->err.code);

	if (!login->failed || is_old)
		usage_show_line(&login->usage, is_old);
	c->report.silent = is_old;
	if (login->failed)
		return fail_as(logins, login, &login->err, err);
	return 0;
}

static int usage_online_show(struct command *c, const struct usage_logins *logins,
    const struct usage_options *options, struct err *err)
{
	bool all = options->all;
	struct profile profile, *known = NULL;
	const struct usage_login *failed = usage_logins_failed(logins);
	bool is_nothing = failed && (failed->err.code == ERR_INTERRUPTED || usage_login_is_missing(failed) ||
	                                (!all && !options->profile));

	if (!all)
		expiry_notice_speak(&c->report, &logins->items[0].account);
	if (is_nothing)
		return fail_as(logins, failed, &failed->err, err);
	if (options->profile && profile_fetch(&logins->items[0].account, &profile))
		known = &profile;
	if (c->report.json)
		usage_show_json(logins->items, logins->count, known);
	else
		usage_show(logins->items, logins->count);
	/* kimi status shows the profile even of a login whose quota cannot be read. */
	if (options->profile)
		return 0;
	/* The one JSON object has the errors: what follows is for people. */
	c->report.json = false;
	for (size_t i = 0; i < logins->count; i++) {
		const struct usage_login *login = &logins->items[i];
		if (login->failed) {
			fail_as(logins, login, &login->err, err);
			report_error(&c->report, err);
		}
	}
	c->report.silent = true;
	if (failed)
		return fail_as(logins, failed, &failed->err, err);
	return 0;
}

static int run(struct command *c, const struct usage_options *options, struct err *err)
{
	struct usage_logins logins;
	int result = usage_logins_ask(&logins, options, err);

	if (result == 0 && options->check >= 0)
		result = check(c, &logins, options->check, err);
	else if (result == 0 && options->line)
		result = show_line(c, &logins, err);
	else if (result == 0)
		result = usage_online_show(c, &logins, options, err);
	usage_logins_clear(&logins);
	return result;
}

int main(int argc, char **argv)
{
	struct usage_options options;
	struct command c;
	int result = usage_options_begin(&c, &options, argc, argv);

	if (result == 0)
		result = run(&c, &options, &c.err);
	return command_end(&c, result);
}
