/* kimi logout: removes a login: the tokens, and what login wrote to the config. */
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/logout_flow.h"
#include "config/region.h"

#include <stdbool.h>

struct options {
	struct login_options login;
	const char *region;
	bool all;
};

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

static int log_out_selected(const struct report *report, const struct options *options, struct err *err)
{
	const struct login_options *login = &options->login;
	struct logout_homes homes;
	struct context context;

	if (context_open(&context, login, err) < 0 ||
	    logout_choose_region(&context, options->region, err) < 0 ||
	    home_check_writable(&context.home, err) < 0)
		return -1;
	homes.list[0] = context.home;
	homes.count = 1;
	/* Who names a home means that one only. */
	if (!home_is_named(login->client) && context_homes(homes.list, &homes.count, login, err) < 0)
		return -1;
	return logout_flow_one(report, &homes, &context.account, err);
}

static int run(const struct report *report, const struct options *options, struct err *err)
{
	const struct login_options *login = &options->login;
	struct logout_homes homes;

	if (!options->all)
		return log_out_selected(report, options, err);
	if (login->platform || login->account || options->region)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--all cannot be used with --platform, --account or --region");
	if (context_homes(homes.list, &homes.count, login, err) < 0)
		return -1;
	return logout_flow_all(report, &homes, err);
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("logout", "[OPTIONS]", "Remove a login: its tokens or API key, and its settings.");
	struct options options = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("all", &options.all, "remove every login"),
	    OPTION_TEXT("platform", &options.login.platform, "ID", "the platform (default: kimi-code)"),
	    COMMAND_ACCOUNT_ROW(&options.login.account),
	    COMMAND_CLIENT_ROW(&options.login.client),
	    OPTION_CHOICE("region", &options.region, "mainland-cn|global",
	        "the login of that region (default: the one that config.toml names)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0);

	if (result == 0)
		result = run(&c.report, &options, &c.err);
	config_notes_tell(&c.report);
	return command_end(&c, result);
}
