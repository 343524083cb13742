/* kimi login: logs a person in, with the OAuth 2.0 device flow (RFC 8628) or an API key. */
#include "auth/api_key.h"
#include "base/term.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/login_flow.h"
#include "config/file.h"
#include "config/region.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* Options that cannot be used together. */
static int check(const struct login_options *options, const struct login_request *request, struct err *err)
{
	const char *account = options->account;
	bool by_key = request->api_key_stdin || (request->platform && !request->platform->oauth_key);
	const struct client *client;

	if (request->region && request->platform && !request->platform->regions)
		return err_set(
		    err, ERR_USAGE, "leave out --region", "%s has no regions", request->platform->name);
	if (account && *account && request->api_key_stdin)
		return err_set(err, ERR_USAGE, "leave out --account", "an API key has no account");
	if (by_key && request->storage && strcmp(request->storage, "keyring") == 0)
		return err_set(err, ERR_USAGE, "leave out --storage",
		    "an API key is stored in config.toml, where the chat client reads it, not in the "
		    "keyring");
	if (home_find_client(options->client, &client, err) < 0)
		return -1;
	if (client && ((request->platform &&
	                   config_region_check(client, request->platform, request->region, err) < 0) ||
	                  store_check_kind(client, request->storage, err) < 0))
		return -1;
	return 0;
}

/* If the home has any login, the platform is not asked for: Kimi Code is the default. */
static bool has_login(const struct context *context)
{
	const struct home *home = &context->home;
	size_t count = 0;
	struct account *list = account_list(home, ACCOUNTS_WITH_TOKENS, &count, NULL);
	bool found = api_key_is_stored(home, NULL) ||
	             (home->client->has_keyring && config_names_keyring(&context->account));

	for (size_t i = 0; i < count && !found; i++)
		found = account_is_stored(&list[i]);
	free(list);
	return found;
}

/* The environment, the config or kimi-code's marker file names the region, or the home has only one. */
static bool region_is_known(const struct context *context, const struct login_options *options)
{
	struct home home = context->home;

	if (platform_hosts_are_set(context->account.platform))
		return true;
	if (!home.client->has_slots)
		return home_is_named(options->client);
	return config_region_choose(&home, context->account.platform, NULL, NULL) < 0 || *home.oauth_host ||
	       *home.base_url;
}

/* Asks a person for the platform and the region if no option and no login decides. */
static int login_choose(const struct command *c, const struct context *context, struct login_options *options,
    struct login_request *request, struct err *err)
{
	const struct region *region = NULL;

	if (request->platform || request->api_key_stdin)
		return 0;
	request->platform = &platforms[0];
	if (!term_is_there() || c->report.json || *context->account.name || has_login(context))
		return 0;
	if (login_flow_choose(!region_is_known(context, options), &request->platform, &region, err) < 0)
		return -1;
	if (!region)
		return 0;
	request->region = region->name;
	/* The user did not choose this home, so a region that it lacks may use the other one. */
	if (!context->home.client->has_slots && region != request->platform->regions) {
		options->client = client_kimi_code.name;
		report_note(&c->report, "%s has no accounts of %s: this login is for %s",
		    context->home.client->program, region->site, client_kimi_code.program);
	}
	return 0;
}

/* Sets the hosts of the login to those of the region, unless the environment sets them. */
static int login_choose_region(
    const struct command *c, struct context *context, const struct login_request *request, struct err *err)
{
	/* A stored account stays in its region. */
	if (!request->region && *context->account.name && account_is_stored(&context->account))
		return 0;
	if (config_region_choose(&context->home, context->account.platform, request->region, err) < 0)
		return -1;
	if (request->region && platform_hosts_are_set(context->account.platform))
		report_note(&c->report, "--region has no effect: the environment sets the host of Kimi");
	return account_locate(&context->account, &context->home, err);
}

static int run(
    const struct command *c, struct login_options *options, struct login_request *request, struct err *err)
{
	struct context context;

	/* Only the first platform has regions. */
	if (request->region && !options->platform)
		options->platform = platforms->id;
	if (options->platform && !(request->platform = platform_find(options->platform, err)))
		return -1;
	if (check(options, request, err) < 0 || context_open(&context, options, err) < 0)
		return -1;
	if (login_choose(c, &context, options, request, err) < 0)
		return -1;
	if (request->platform)
		options->platform = request->platform->id;
	if (check(options, request, err) < 0 || context_open(&context, options, err) < 0 ||
	    login_choose_region(c, &context, request, err) < 0)
		return -1;
	if (home_check_writable(&context.home, err) < 0)
		return -1;
	request->account = context.account;
	if (store_check_kind(context.home.client, request->storage, err) < 0)
		return -1;
	bool is_key = request->api_key_stdin || !context.account.platform->oauth_key;
	if ((is_key ? login_flow_key : login_flow_oauth)(&c->report, request, err) < 0)
		return -1;
	config_notes_warn(&c->report, &context.home);
	return 0;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("login", "[OPTIONS]",
	    "Log in to Kimi in a browser, here or on another device, or with an API key.");
	struct login_request request = {.timeout = 3600};
	struct login_options options = {0};
	const struct option_row table[] = {
	    OPTION_TEXT(
	        "platform", &options.platform, "ID", "kimi-code (the default), moonshot-cn or moonshot-ai"),
	    COMMAND_ACCOUNT_ROW(&options.account),
	    COMMAND_CLIENT_ROW(&options.client),
	    OPTION_CHOICE(
	        "region", &request.region, "mainland-cn|global", "where the account of Kimi Code is"),
	    OPTION_FLAG("api-key-stdin", &request.api_key_stdin, "read an API key from standard input"),
	    OPTION_FLAG("force", &request.force, "log in again, for example with another account"),
	    OPTION_FLAG("no-browser", &request.no_browser, "do not try to open a browser"),
	    OPTION_FLAG("qr", &request.qr, "always show the page as a QR code"),
	    OPTION_CHOICE("storage", &request.storage, "auto|keyring|file",
	        "where to store the login (default auto: the keyring if it is unlocked)"),
	    OPTION_NUMBER(
	        "timeout", &request.timeout, "SECONDS", 1, 86400, "how long to wait for you (default 3600)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0);

	if (result == 0)
		result = run(&c, &options, &request, &c.err);
	config_notes_tell(&c.report);
	return command_end(&c, result);
}
