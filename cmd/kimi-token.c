/* kimi token: prints an access token that is good for a while. The hot path: see kimi/access.h. */
#include "base/clock.h"
#include "base/env.h"
#include "base/text.h"
#include "cli/command.h"
#include "format/json.h"
#include "kimi/access.h"
#include "kimi/home.h"

#include <math.h>
#include <stdio.h>

struct wish {
	const char *platform_id;
	bool header;
	struct access_wish access;
};

/* expires_at and expires_in are null for a key that does not end. */
static void print_json(const struct platform *platform, const char *secret, const struct access *access)
{
	const struct token *token = access ? &access->token : NULL;
	json_t *object = json_pack("{s:s, s:s, s:s}", "platform", platform->id, "access_token", secret,
	    "token_type", token ? token->token_type : "Bearer");

	if (object && token) {
		json_object_set_new(object, "expires_at", json_integer((json_int_t)floor(token->expires_at)));
		json_object_set_new(
		    object, "expires_in", json_integer((json_int_t)floor(token_left(token, clock_now()))));
		if (!access->satisfied)
			json_object_set_new(object, "satisfied", json_false());
	} else if (object) {
		json_object_set_new(object, "expires_at", json_null());
		json_object_set_new(object, "expires_in", json_null());
	}
	report_json(object);
}

static void print(const struct command *c, const struct wish *wish, const struct platform *platform,
    const char *secret, const struct access *access)
{
	if (c->report.json)
		print_json(platform, secret, access);
	else
		printf("%s%s\n", wish->header ? "Authorization: Bearer " : "", secret);
}

/* Where nothing is stored, a pipeline may run on KIMI_API_KEY, unchanged from here to CI. */
static int print_key_of_environment(
    const struct command *c, const struct wish *wish, const struct platform *platform, struct err *err)
{
	const char *key = env_get("KIMI_API_KEY");

	if (!key)
		return -1;
	if (!text_is_plain(key))
		return err_set(err, ERR_CONFIG, "set it to the key alone", "KIMI_API_KEY is not a key");
	print(c, wish, platform, key, NULL);
	return 0;
}

static int run(const struct command *c, const struct wish *wish, struct err *err)
{
	const struct platform *platform = platform_find(wish->platform_id, err);
	struct access access;
	struct store store;
	struct home home;

	if (!platform)
		return -1;
	if (!platform->oauth_key)
		return err_set(err, ERR_LOGIN_REQUIRED, "use --platform kimi-code", "%s has no stored key",
		    platform->id);
	if (home_find(&home, err) < 0 || store_open(&store, &home, platform->oauth_key, err) < 0)
		return -1;
	if (access_get(platform, &store, &wish->access, &access, err) < 0)
		return err->code == ERR_LOGIN_REQUIRED ? print_key_of_environment(c, wish, platform, err)
		                                       : -1;
	/* Programs take standard error for part of the key: on success only a person is told anything. */
	if (c->report.terminal && store.tightened)
		report_note(&c->report, "%s could be read by others; it is private now", store.file);
	if (c->report.terminal && access.trouble.code != ERR_NONE)
		report_note(&c->report, "the token could not be refreshed: %s", access.trouble.what);
	print(c, wish, platform, access.token.access_token, &access);
	token_clear(&access.token);
	return 0;
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("token", "[OPTIONS]", "Print an access token that is good for a while.");
	struct wish wish = {.access = {.min_valid = -1}};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("header", &wish.header, "print the line 'Authorization: Bearer ...'"),
	    OPTION_NUMBER("min-valid", &wish.access.min_valid, "SECONDS", 0, 1e9,
	        "life the token must have left (default 300, or half of a short life)"),
	    OPTION_FLAG("no-refresh", &wish.access.no_refresh, "print what is stored as long as it lives"),
	    OPTION_TEXT("platform", &wish.platform_id, "ID", "the platform (default kimi-code)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &err);
	return command_end(&c, failed < 0, &err);
}
