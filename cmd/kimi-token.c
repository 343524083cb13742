/* kimi token: prints a valid access token. The hot path: see auth/token_get.h. */
#include "api/headers.h"
#include "auth/secret.h"
#include "auth/token_get.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/expiry_notice.h"
#include "config/file.h"
#include "config/view.h"
#include "ui/token_view.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct options {
	struct login_options login;
	bool header, headers;
	struct token_options access;
};

/* What to print: an access token, or an API key, which does not expire. */
struct found {
	struct secret secret;
	struct token_result access; /* only for an access token */
};

/* Builds the other headers before it prints, so that an error prints nothing. */
static int print_headers(const struct home *home, const struct found *found, struct err *err)
{
	struct toml *config = NULL;
	struct headers headers;
	struct device_headers device;

	if (config_file_read(home, &config, err) < 0)
		return -1;
	device_headers_fill(&device, home);
	headers_build(&headers, &device, config_custom_headers(home, config, found->secret.platform));
	printf("Authorization: Bearer %s\n", found->secret.value);
	for (char **line = headers.lines; *line; line++)
		printf("%s\n", *line);
	headers_clear(&headers);
	toml_free(config);
	return 0;
}

static int print_access(const struct command *c, const struct options *options, const struct home *home,
    const struct found *found, struct err *err)
{
	struct token_view view = {
	    .platform = found->secret.platform->id,
	    .secret = found->secret.value,
	    .satisfied = found->access.satisfied,
	};

	if (found->secret.kind == SECRET_TOKEN)
		view.token = &found->access.token;
	if (options->headers)
		return print_headers(home, found, err);
	if (!c->report.json)
		return token_view_show_line(&view, options->header ? "Authorization: Bearer " : "", err);
	token_view_show_json(&view);
	return 0;
}

/* Some programs take standard error as part of the key: on success, write to it only on a terminal. */
static void token_warn(
    const struct report *report, const struct store *store, const struct token_result *access)
{
	if (!report->terminal)
		return;
	if (store->file.access == STORE_FILE_TIGHTENED)
		report_note(report, "%s could be read by others; it is now private", store->file.path);
	if (access->error.code != ERR_NONE)
		report_note(report, "the token could not be refreshed: %s", access->error.what);
	else
		expiry_notice_speak(report, &store->who);
}

static void warn_of_open_config(const struct report *report, const struct home *home)
{
	char path[HOME_PATH_MAX];
	struct stat st;

	home_path(home, HOME_CONFIG, path);
	if (report->terminal && stat(path, &st) == 0 && (st.st_mode & 077))
		report_note(
		    report, "%s holds an API key and can be read by others; run 'chmod 600' on it", path);
}

/* What get_token() needs beside the source, and what it found. */
struct token_request {
	const struct report *report;
	const struct options *options;
	struct token_result *access;
};

static int get_token(const struct secret_source *source, bool renew, char **ret_token, struct err *err)
{
	const struct token_request *request = source->context;
	struct token_result *access = request->access;
	struct store store;

	(void)renew; /* never set: nothing is sent, so nothing is refused */
	if (store_open(&store, source->who, err) < 0 ||
	    token_get(&store, &request->options->access, access, err) < 0)
		return -1;
	token_warn(request->report, &store, access);
	*ret_token = strdup(access->token.access_token);
	if (!*ret_token)
		return err_memory(err);
	return 0;
}

static int run(const struct command *c, const struct options *options, struct err *err)
{
	struct found found = {0};
	struct context context;
	struct token_request request = {&c->report, options, &found.access};
	const struct secret_source source = {
	    .who = &context.account,
	    .only_this_platform = options->login.platform != NULL,
	    .get_token = get_token,
	    .context = &request,
	};

	if (options->header + options->headers + c->report.json > 1)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--header, --headers and --json cannot be used together");
	if (context_open(&context, &options->login, err) < 0)
		return -1;
	int result = secret_find(&source, &found.secret, err);
	if (result == 0 && found.secret.kind == SECRET_CONFIGURED_KEY)
		warn_of_open_config(&c->report, &context.home);
	if (result == 0)
		result = print_access(c, options, &context.home, &found, err);
	token_clear(&found.access.token);
	secret_clear(&found.secret);
	return result;
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("token", "[OPTIONS]", "Print a valid access token, refreshing it if needed.");
	struct options options = {.access = {.min_valid = -1}};

	c.quick = true;
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("header", &options.header, "print the line 'Authorization: Bearer ...'"),
	    OPTION_FLAG(
	        "headers", &options.headers, "print all request headers, one per line, for curl -H @-"),
	    OPTION_NUMBER("min-valid", &options.access.min_valid, "SECONDS", 0, 1e9,
	        "refresh if fewer than SECONDS are left (default 300)"),
	    OPTION_FLAG("no-refresh", &options.access.no_refresh, "never use the network"),
	    COMMAND_ACCOUNT_ROW(&options.login.account),
	    COMMAND_CLIENT_ROW(&options.login.client),
	    OPTION_TEXT("platform", &options.login.platform, "ID",
	        "the platform (default: kimi-code, or that of the default model)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int result = command_begin(&c, table, argc, argv, 0, &err);

	if (result == 0)
		result = run(&c, &options, &err);
	return command_end(&c, result < 0, &err);
}
