/* kimi login: logs a person in, with the OAuth 2.0 device flow (RFC 8628) or an API key. */
#include "auth/api_key.h"
#include "base/term.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/login_flow.h"
#include "config/region.h"
#include "config/view.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* What the options rule out, whatever is stored. */
static int check(const struct login_options *options, const struct login_wish *wish, struct err *err)
{
	const char *account = options->account;
	bool by_key = wish->api_key_stdin || (wish->platform && !wish->platform->oauth_key);

	if (wish->region && wish->platform && !wish->platform->regions)
		return err_set(
		    err, ERR_USAGE, "leave out --region", "%s has no regions", wish->platform->name);
	if (account && *account && wish->api_key_stdin)
		return err_set(err, ERR_USAGE, "leave out --account", "an API key has no account");
	if (by_key && wish->storage && strcmp(wish->storage, "keyring") == 0)
		return err_set(err, ERR_USAGE, "leave out --storage",
		    "an API key is stored in config.toml, where the chat client reads it, not in the "
		    "keyring");
	return 0;
}

/* A login of any kind is in the home, so that the command is about Kimi Code and not about where to begin. */
static bool has_login(const struct context *context)
{
	const struct home *home = &context->home;
	size_t count = 0;
	struct identity *list = identity_list(home, &count, NULL);
	bool found = api_key_is_stored(home, NULL) ||
	             (home->client->has_keyring && config_names_keyring(home, context->who.key));

	for (size_t i = 0; i < count && !found; i++)
		found = identity_is_stored(&list[i], home);
	free(list);
	return found;
}

/* The environment, the config or kimi-code's marker file says where the account is, or the home has no choice. */
static bool region_is_known(const struct context *context, const struct login_options *options)
{
	struct home home = context->home;

	if (platform_hosts_are_set(context->who.platform))
		return true;
	if (!home.client->has_slots)
		return home_is_named(options->client);
	return config_region_choose(&home, context->who.platform, NULL, NULL) < 0 || *home.oauth_host ||
	       *home.base_url;
}

/* Where no option and no login decides, a person is asked for the platform and the region. */
static int login_choose(const struct command *c, const struct context *context, struct login_options *options,
    struct login_wish *wish, struct err *err)
{
	const struct region *region = NULL;

	if (wish->platform || wish->api_key_stdin)
		return 0;
	wish->platform = &platforms[0];
	if (!term_is_there() || c->report.json || *context->who.account || has_login(context))
		return 0;
	if (login_flow_choose(!region_is_known(context, options), &wish->platform, &region, err) < 0)
		return -1;
	if (!region)
		return 0;
	wish->region = region->name;
	/* The home was nobody's choice: a region that it does not have is in the other one. */
	if (!context->home.client->has_slots && region != wish->platform->regions) {
		options->client = client_kimi_code.name;
		report_note(&c->report, "%s has no accounts of %s: this login is for %s",
		    context->home.client->program, region->site, client_kimi_code.program);
	}
	return 0;
}

/* The hosts of the login: its region's, unless the environment sets them. */
static int choose_region(
    const struct command *c, struct context *context, const struct login_wish *wish, struct err *err)
{
	/* One that is stored stays where it is. */
	if (!wish->region && *context->who.account && identity_is_stored(&context->who, &context->home))
		return 0;
	if (config_region_choose(&context->home, context->who.platform, wish->region, err) < 0)
		return -1;
	if (wish->region && platform_hosts_are_set(context->who.platform))
		report_note(&c->report, "--region has no effect: the environment sets the host of Kimi");
	return identity_locate(&context->who, &context->home, err);
}

static int run(
    const struct command *c, struct login_options *options, struct login_wish *wish, struct err *err)
{
	struct context context;

	/* Only the first platform has regions. */
	if (wish->region && !options->platform)
		options->platform = platforms->id;
	if (options->platform && !(wish->platform = platform_find(options->platform, err)))
		return -1;
	if (check(options, wish, err) < 0 || context_open(&context, options, err) < 0)
		return -1;
	if (login_choose(c, &context, options, wish, err) < 0)
		return -1;
	if (wish->platform)
		options->platform = wish->platform->id;
	if (check(options, wish, err) < 0 || context_open(&context, options, err) < 0 ||
	    choose_region(c, &context, wish, err) < 0)
		return -1;
	if (home_check_writable(&context.home, err) < 0)
		return -1;
	wish->who = context.who;
	if (store_check_kind(&context.home, wish->storage, err) < 0)
		return -1;
	if (wish->api_key_stdin || !context.who.platform->oauth_key)
		return login_flow_key(&c->report, wish, &context.home, err);
	return login_flow_oauth(&c->report, wish, &context.home, err);
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("login", "[OPTIONS]",
	    "Log in to Kimi in a browser, here or on another device, or with an API key.");
	struct login_wish wish = {.timeout = 3600};
	struct login_options options = {0};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_TEXT(
	        "platform", &options.platform, "ID", "kimi-code (the default), moonshot-cn or moonshot-ai"),
	    COMMAND_ACCOUNT_ROW(&options.account),
	    COMMAND_CLIENT_ROW(&options.client),
	    OPTION_CHOICE("region", &wish.region, "mainland-cn|global", "where the account of Kimi Code is"),
	    OPTION_FLAG("api-key-stdin", &wish.api_key_stdin, "read an API key from standard input"),
	    OPTION_FLAG("force", &wish.force, "log in again, for example with another account"),
	    OPTION_FLAG("no-browser", &wish.no_browser, "do not try to open a browser"),
	    OPTION_FLAG("qr", &wish.qr, "always show the page as a QR code"),
	    OPTION_CHOICE("storage", &wish.storage, "auto|keyring|file",
	        "where to store the login (default auto: the keyring if it is unlocked)"),
	    OPTION_NUMBER(
	        "timeout", &wish.timeout, "SECONDS", 1, 86400, "how long to wait for you (default 3600)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &options, &wish, &err);
	config_notes_tell(&c.report);
	return command_end(&c, failed < 0, &err);
}
