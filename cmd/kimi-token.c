/* kimi token: prints an access token that is good for a while. The hot path: see kimi/access.h. */
#include "api/headers.h"
#include "auth/api_key.h"
#include "auth/token_get.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/expiry_notice.h"
#include "config/file.h"
#include "config/view.h"
#include "format/json.h"
#include "home/home.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct wish {
	const char *platform_id, *account;
	bool header, headers;
	struct access_wish access;
};

/* What is printed: the access token, or a key, which does not end. */
struct found {
	const struct platform *platform;
	struct identity who;
	char *secret;
	bool is_token;
	struct access access;
};

static void print_json(const struct found *found)
{
	const struct token *token = &found->access.token;
	json_t *object = json_pack("{s:s, s:s, s:s}", "platform", found->platform->id, "access_token",
	    found->secret, "token_type", found->is_token ? token->token_type : "Bearer");

	if (object && found->is_token) {
		json_object_set_new(object, "expires_at", json_integer((json_int_t)floor(token->expires_at)));
		json_object_set_new(
		    object, "expires_in", json_integer((json_int_t)floor(token_left(token, clock_now()))));
		if (!found->access.satisfied)
			json_object_set_new(object, "satisfied", json_false());
	} else if (object) {
		json_object_set_new(object, "expires_at", json_null());
		json_object_set_new(object, "expires_in", json_null());
	}
	report_json(object);
}

/* The headers beside Authorization are built before a byte is printed: all of them or none. */
static int print_headers(const struct home *home, const struct found *found, struct err *err)
{
	struct toml *config = NULL;
	struct headers headers;
	struct device device;

	if (config_file_read(home, &config, err) < 0)
		return -1;
	device_describe(&device, home);
	int failed = headers_build(&headers, &device, config, found->platform, err);
	if (!failed) {
		printf("Authorization: Bearer %s\n", found->secret);
		for (char **line = headers.lines; *line; line++)
			printf("%s\n", *line);
		headers_clear(&headers);
	}
	toml_free(config);
	return failed;
}

/* Past stdio, whose buffer is memory that a fresh process pays for. */
static int print_plain(const struct wish *wish, const struct found *found, struct err *err)
{
	struct buf line;

	buf_init_secret(&line, strlen(found->secret) + 64);
	buf_addstr(&line, wish->header ? "Authorization: Bearer " : "");
	buf_addstr(&line, found->secret);
	buf_addch(&line, '\n');
	int failed = line.failed ? err_memory(err) : 0;
	if (!failed && write_all(STDOUT_FILENO, line.data, line.len) < 0)
		failed = err_output(err);
	buf_release(&line);
	return failed;
}

static int print(const struct command *c, const struct wish *wish, const struct home *home,
    const struct found *found, struct err *err)
{
	if (wish->headers)
		return print_headers(home, found, err);
	if (c->report.json)
		print_json(found);
	else
		return print_plain(wish, found, err);
	return 0;
}

/* Programs take standard error for part of the key: on success only a person is told anything. */
static void warn(const struct command *c, const struct home *home, const struct identity *who,
    const struct store *store, const struct access *access)
{
	struct report told = c->report;

	told.terminal = isatty(STDERR_FILENO);
	if (!told.terminal)
		return;
	if (store->tightened)
		report_note(&told, "%s could be read by others; it is private now", store->file);
	if (access->trouble.code != ERR_NONE)
		report_note(&told, "the token could not be refreshed: %s", access->trouble.what);
	else
		reminder_speak(&told, home, who);
}

/* 0 found, 1 the platform has no usable tokens, -1 error. */
static int find_token(const struct command *c, const struct wish *wish, const struct home *home,
    struct found *found, struct err *err)
{
	struct store store;

	if (!*found->who.key)
		return platform_not_logged_in(found->platform, err) < 0;
	if (store_open(&store, home, &found->who, err) < 0)
		return -1;
	if (access_get(&found->who, &store, &wish->access, &found->access, err) < 0)
		return err->code == ERR_LOGIN_REQUIRED || err->code == ERR_REJECTED ? 1 : -1;
	warn(c, home, &found->who, &store, &found->access);
	found->is_token = true;
	found->secret = strdup(found->access.token.access_token);
	return found->secret ? 0 : err_memory(err);
}

/*
 * Behind the tokens: the configured key of the platform, or of that of the default
 * model if none was named, and KIMI_API_KEY where nothing at all is stored.
 */
static int find_key(const struct wish *wish, const struct home *home, struct found *found, struct err *err)
{
	const struct err no_token = *err;
	int answer = api_key_of_config(home, found->platform, &found->secret, err);

	/* Not for a login that was rejected: a script that had its token would send another service's key in its place. */
	if (answer > 0 && !wish->platform_id && no_token.code == ERR_LOGIN_REQUIRED) {
		const struct platform *other = config_default_platform_at(home);
		if (other && (answer = api_key_of_config(home, other, &found->secret, err)) == 0)
			found->platform = other;
	}
	if (answer != 0 && no_token.code == ERR_LOGIN_REQUIRED) {
		int last = api_key_of_environment(&found->secret, answer > 0 ? err : NULL);
		answer = last > 0 ? answer : last;
	}
	if (answer > 0)
		*err = no_token;
	return answer;
}

static int run(const struct command *c, const struct wish *wish, struct err *err)
{
	struct found found = {0};
	struct home home;

	if (identity_find(&found.who, wish->platform_id, wish->account, err) < 0 || home_find(&home, err) < 0)
		return -1;
	found.platform = found.who.platform;
	if (wish->header + wish->headers + c->report.json > 1)
		return err_set(
		    err, ERR_USAGE, "see --help", "--header, --headers and --json exclude each other");
	int answer = find_token(c, wish, &home, &found, err);
	/* Keys stand in for the plain login; an account is its tokens or nothing. */
	if (answer > 0 && !*found.who.account)
		answer = find_key(wish, &home, &found, err);
	if (answer == 0)
		answer = print(c, wish, &home, &found, err);
	token_clear(&found.access.token);
	wipe_str(found.secret);
	return answer == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("token", "[OPTIONS]", "Print an access token that is good for a while.");
	struct wish wish = {.access = {.min_valid = -1}};

	c.quick = true;
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("header", &wish.header, "print the line 'Authorization: Bearer ...'"),
	    OPTION_FLAG("headers", &wish.headers, "print every header a request carries, one a line"),
	    OPTION_NUMBER("min-valid", &wish.access.min_valid, "SECONDS", 0, 1e9,
	        "life the token must have left (default 300, or half of a short life)"),
	    OPTION_FLAG("no-refresh", &wish.access.no_refresh, "print what is stored as long as it lives"),
	    COMMAND_ACCOUNT_ROW(&wish.account),
	    OPTION_TEXT("platform", &wish.platform_id, "ID",
	        "the platform (default kimi-code, else that of the default model)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &err);
	return command_end(&c, failed < 0, &err);
}
