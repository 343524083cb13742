/* kimi token: prints a valid access token. The hot path: see auth/token_get.h. */
#include "api/headers.h"
#include "auth/secret.h"
#include "auth/token_get.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/expiry_notice.h"
#include "config/file.h"
#include "config/view.h"
#include "format/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
	struct login_options login;
	bool header, headers;
	struct token_options access;
};

struct work {
	const struct report *report;
	const struct options *options;
	struct context context;
	struct secret secret;       /* what to print: an access token, or an API key, which does not expire */
	struct token_result access; /* only for an access token */
};

/* Builds the other headers before it prints, so that an error prints nothing. */
static int print_headers(const struct work *work, struct err *err)
{
	const struct home *home = &work->context.home;
	struct toml *config = NULL;
	struct headers headers;
	struct device_headers device;

	if (config_file_read(home, &config, err) < 0)
		return -1;
	device_headers_fill(&device, home);
	headers_build(&headers, &device, config_custom_headers(home, config, work->secret.platform));
	printf("Authorization: Bearer %s\n", work->secret.value);
	for (char **line = headers.lines; *line; line++)
		printf("%s\n", *line);
	headers_clear(&headers);
	toml_free(config);
	return 0;
}

/* One object: platform, access_token, token_type, expires_at, expires_in. */
static void print_json(const struct work *work)
{
	const struct token *token = &work->access.token;
	const char *type = "Bearer";
	double expires_at = NAN, left = NAN;
	json_t *satisfied = NULL;

	if (work->secret.kind == SECRET_TOKEN) {
		type = token->token_type;
		expires_at = floor(token->expires_at);
		left = floor(token_left(token, clock_now()));
		if (!work->access.satisfied)
			satisfied = json_false();
	}
	report_json(json_pack("{s:s, s:s, s:s, s:o, s:o, s:o*}", "platform", work->secret.platform->id,
	    "access_token", work->secret.value, "token_type", type, "expires_at",
	    json_from_number(expires_at), "expires_in", json_from_number(left), "satisfied", satisfied));
}

/* Bypasses stdio, whose buffer would cost a page in the hot path. */
static int print_line(const char *prefix, const char *secret, struct err *err)
{
	struct buf line;

	buf_init_secret(&line, strlen(prefix) + strlen(secret) + 1);
	buf_addstr(&line, prefix);
	buf_addstr(&line, secret);
	buf_addch(&line, '\n');
	int result = 0;
	if (write_all(STDOUT_FILENO, line.data, line.len) < 0)
		result = err_output(err);
	buf_release(&line);
	return result;
}

static int print_access(const struct work *work, struct err *err)
{
	if (work->options->headers)
		return print_headers(work, err);
	if (work->options->header)
		return print_line("Authorization: Bearer ", work->secret.value, err);
	if (!work->report->json)
		return print_line("", work->secret.value, err);
	print_json(work);
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

static int get_token(const struct secret_source *source, bool renew, char **ret_token, struct err *err)
{
	struct work *work = source->context;
	struct token_result *access = &work->access;
	struct store store;

	(void)renew; /* never set: nothing is sent, so nothing is refused */
	if (store_open(&store, source->who, err) < 0 ||
	    token_get(&store, &work->options->access, access, err) < 0)
		return -1;
	token_warn(work->report, &store, access);
	*ret_token = strdup(access->token.access_token);
	if (!*ret_token)
		return err_memory(err);
	return 0;
}

static int run(const struct command *c, const struct options *options, struct err *err)
{
	struct work work = {.report = &c->report, .options = options};
	const struct secret_source source = {
	    .who = &work.context.account,
	    .only_this_platform = options->login.platform != NULL,
	    .get_token = get_token,
	    .context = &work,
	};

	if (options->header + options->headers + c->report.json > 1)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP,
		    "--header, --headers and --json cannot be used together");
	if (context_open(&work.context, &options->login, err) < 0)
		return -1;
	int result = secret_find(&source, &work.secret, err);
	if (result == 0 && work.secret.kind == SECRET_CONFIGURED_KEY)
		warn_of_open_config(&c->report, &work.context.home);
	if (result == 0)
		result = print_access(&work, err);
	token_clear(&work.access.token);
	secret_clear(&work.secret);
	return result;
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("token", "[OPTIONS]", "Print a valid access token, refreshing it if needed.");
	struct options options = {.access = {.min_valid = -1}};

	c.quick = true;
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
	int result = command_begin(&c, table, argc, argv, 0);

	if (result == 0)
		result = run(&c, &options, &c.err);
	return command_end(&c, result);
}
