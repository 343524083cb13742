/* kimi login: logs a person in, with the OAuth 2.0 device flow (RFC 8628) or an API key. */
#include "base/term.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/login_flow.h"
#include "store/store.h"

#include <string.h>

/* What the options rule out, whatever is stored. */
static int check(const struct login_options *options, const struct login_wish *wish, struct err *err)
{
	const char *account = options->account;
	bool by_key = wish->api_key_stdin || (wish->platform && !wish->platform->oauth_key);

	if (account && *account && wish->api_key_stdin)
		return err_set(err, ERR_USAGE, "leave out --account", "an API key has no account");
	if (by_key && wish->storage && strcmp(wish->storage, "keyring") == 0)
		return err_set(err, ERR_USAGE, "leave out --storage",
		    "an API key is stored in config.toml, where the chat client reads it, not in the "
		    "keyring");
	return 0;
}

/* The platform, where no option names it: a person is asked. */
static int choose(
    const struct command *c, const struct login_options *options, struct login_wish *wish, struct err *err)
{
	if (wish->platform || wish->api_key_stdin)
		return 0;
	wish->platform = &platforms[0];
	if (term_is_there() && !c->report.json && !options->account)
		return login_flow_choose(&wish->platform, err);
	return 0;
}

static int run(
    const struct command *c, struct login_options *options, struct login_wish *wish, struct err *err)
{
	struct context context;

	if (options->platform && !(wish->platform = platform_find(options->platform, err)))
		return -1;
	if (check(options, wish, err) < 0 || context_open(&context, options, err) < 0)
		return -1;
	if (choose(c, options, wish, err) < 0)
		return -1;
	if (wish->platform)
		options->platform = wish->platform->id;
	if (check(options, wish, err) < 0 || context_open(&context, options, err) < 0)
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
