#include "store/record.h"

#include "base/buf.h"
#include "format/json.h"
#include "tap.h"

#include <math.h>
#include <string.h>

static struct reason reason;

enum record_kind { RECORD_MISSING, RECORD_REVOKED, RECORD_VALID };

static enum record_kind read_text(const char *text, struct token *ret_token)
{
	*reason.text = '\0';
	if (record_format_of(&client_kimi_code)->read(text, strlen(text), ret_token, &reason) < 0)
		return RECORD_MISSING;
	return token_is_tombstone(ret_token) ? RECORD_REVOKED : RECORD_VALID;
}

static void test_kinds(void)
{
	static const struct {
		const char *what, *text;
		enum record_kind kind;
	} records[] = {
	    {"nothing", "", RECORD_MISSING},
	    {"blanks", " \n", RECORD_MISSING},
	    {"half an object", "{\"access_token\": \"a\"", RECORD_MISSING},
	    {"a byte order mark", "\xef\xbb\xbf{\"access_token\": \"a\"}", RECORD_MISSING},
	    {"two objects", "{\"access_token\": \"a\"}{}", RECORD_MISSING},
	    {"a list", "[\"access_token\"]", RECORD_MISSING},
	    {"null", "null", RECORD_MISSING},
	    {"a token that cannot be sent", "{\"access_token\": \"a\\nb\"}", RECORD_MISSING},
	    {"a refresh token that cannot be sent", "{\"access_token\": \"a\", \"refresh_token\": \" \"}",
	        RECORD_MISSING},
	    {"an empty object", "{}", RECORD_REVOKED},
	    {"an empty access token beside all else",
	        "{\"access_token\": \"\", \"refresh_token\": \"r\", \"expires_at\": 5}", RECORD_REVOKED},
	    {"a number for an access token", "{\"access_token\": 5}", RECORD_REVOKED},
	    {"an access token of null", "{\"access_token\": null}", RECORD_REVOKED},
	    {"the tombstone of kimi-code",
	        "{\n  \"access_token\": \"\",\n  \"refresh_token\": \"\",\n  \"expires_at\": 0,\n  "
	        "\"scope\": "
	        "\"s\",\n  \"token_type\": \"Bearer\",\n  \"expires_in\": 0\n}\n",
	        RECORD_REVOKED},
	    {"an access token", "{\"access_token\": \"a\"}", RECORD_VALID},
	    {"one line, another order and more keys",
	        "{\"x\":18446744073709551616,\"expires_at\":1.5,\"access_token\":\"a\"}", RECORD_VALID},
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		static const char *const names[] = {"missing", "revoked", "valid"};
		struct token token = TOKEN_INIT;
		enum record_kind kind = read_text(records[i].text, &token);
		ok(kind == records[i].kind && !token.access_token == (kind == RECORD_MISSING) &&
		        !*reason.text == (kind != RECORD_MISSING),
		    "%s: the login is %s%s%s", records[i].what, names[records[i].kind],
		    *reason.text ? ", " : "", reason.text);
		token_clear(&token);
	}
}

static void test_times(void)
{
	static const struct {
		const char *text;
		double expires_at, expires_in;
	} records[] = {
	    {"{\"access_token\": \"a\", \"expires_at\": 1700000000, \"expires_in\": 900}", 1700000000, 900},
	    {"{\"access_token\": \"a\", \"expires_at\": 1700000000.5, \"expires_in\": -1}", 1700000000.5, -1},
	    {"{\"access_token\": \"a\", \"expires_at\": 0, \"expires_in\": 900}", INFINITY, 900},
	    {"{\"access_token\": \"a\", \"expires_at\": \"1700000000\", \"expires_in\": \"900\"}", INFINITY,
	        0},
	    {"{\"access_token\": \"a\"}", INFINITY, 0},
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		struct token token = TOKEN_INIT;
		ok(read_text(records[i].text, &token) == RECORD_VALID &&
		        token.expires_at == records[i].expires_at &&
		        token.expires_in == records[i].expires_in &&
		        token_is_due(&token, 1700000000) == !isinf(records[i].expires_at),
		    "%s ends at %.1f, and is due unless that is never", records[i].text,
		    records[i].expires_at);
		token_clear(&token);
	}
}

static void test_printing(void)
{
	static char access_token[] = "at-1", refresh_token[] = "rt-1", scope[] = "a\x1b\"\\/\xc3\xa9\x7f\n",
	            type[] = "Bearer", none[] = "";
	struct token token = {.access_token = access_token,
	    .refresh_token = refresh_token,
	    .scope = scope,
	    .token_type = type,
	    .expires_at = 1700000900.75,
	    .expires_in = 900};

	char *text = record_format_of(&client_kimi_code)->print(&token);
	ok(text && strcmp(text, "{\n  \"access_token\": \"at-1\",\n  \"refresh_token\": \"rt-1\",\n"
	                        "  \"expires_at\": 1700000900,\n"
	                        "  \"scope\": \"a\\u001b\\\"\\\\/\xc3\xa9\x7f\\n\",\n"
	                        "  \"token_type\": \"Bearer\",\n  \"expires_in\": 900\n}\n") == 0,
	    "a login is printed as kimi-code does it, in whole seconds");
	wipe_str(text);
	token.expires_at = INFINITY;
	token.expires_in = 0.1;
	token.scope = none;
	text = record_format_of(&client_kimi_code)->print(&token);
	ok(text && strstr(text, "  \"expires_at\": 0,\n  \"scope\": \"\",\n") && strstr(text, ": 0.1\n}\n"),
	    "what never ends is printed as 0 and a fraction with its own digits");
	struct token again = TOKEN_INIT;
	ok(text && read_text(text, &again) == RECORD_VALID && isinf(again.expires_at) &&
	        strcmp(token.access_token, again.access_token) == 0 &&
	        strcmp(token.refresh_token, again.refresh_token) == 0,
	    "and reads back as it was");
	token_clear(&again);
	wipe_str(text);
}

int main(void)
{
	json_start();
	test_kinds();
	test_times();
	test_printing();
	return tap_done();
}
