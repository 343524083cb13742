#include "store/token.h"

#include "base/buf.h"
#include "format/json.h"
#include "tap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double now = 1700000000.25;

/* A token with that life, of which that much is left. */
static struct token token_of(double life, double left)
{
	static char text[] = "x";

	return (struct token){
	    .access_token = text, .refresh_token = text, .expires_at = now + left, .expires_in = life};
}

static void test_due(void)
{
	static const struct {
		double life, threshold;
	} rules[] = {
	    {0, 300}, {1, 0.5}, {400, 200}, {599, 299.5}, {600, 300}, {601, 300.5}, {900, 450}, {7200, 3600}};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		double life = rules[i].life, edge = rules[i].threshold;
		struct token at = token_of(life, edge), below = token_of(life, edge - 0.25);
		ok(!token_is_due(&at, now) && token_is_due(&below, now),
		    "a token that lives %.0f s is due when less than %.1f s are left", life, edge);
	}
	struct token over = token_of(900, -1), dead = token_of(900, 900);
	ok(token_is_due(&over, now) && token_left(&over, now) == -1, "one that has ended is due");
	char none[] = "";
	dead.access_token = none;
	ok(token_is_due(&dead, now) && token_left(&dead, now) == 0,
	    "one without an access token has no life left");
	struct token ahead = token_of(900, 90000);
	ok(token_is_due(&ahead, now) && token_left(&ahead, now) > 0 && token_left(&ahead, now) < 60,
	    "one that lives longer than it should is due, and not ended (a clock set back)");
	struct token never = token_of(900, 0);
	never.expires_at = INFINITY;
	ok(!token_is_due(&never, now) && isinf(token_left(&never, now)), "one that never ends is never due");
	struct token slipped = token_of(900, 930);
	ok(!token_is_due(&slipped, now) && token_left(&slipped, now) == 930,
	    "a clock that slipped makes none due");
}

static void test_wanted(void)
{
	static const struct {
		double life, min_valid, wanted;
	} rules[] = {
	    {900, -1, 300},
	    {900, 0, 0},
	    {900, 100, 100},
	    {900, 899, 899},
	    {900, 900, 450},  /* its whole life */
	    {900, 1e9, 450},  /* more than that */
	    {600, -1, 300},   /* exactly twice the default */
	    {599, -1, 299.5}, /* less than that */
	    {400, -1, 200},
	    {1, -1, 0.5},
	    {400, 399, 399},
	    {7200, -1, 300},
	    {0, -1, 300}, /* its life is unknown */
	    {0, 5000, 5000},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct token token = token_of(rules[i].life, 0);
		ok(token_wanted_left(&token, rules[i].min_valid) == rules[i].wanted,
		    "of a life of %.0f s %.1f s must be left when %.0f s are asked for", rules[i].life,
		    rules[i].wanted, rules[i].min_valid);
	}
}

static struct reason reason;

static int read_text(const char *text, struct token *ret_token)
{
	*reason.text = '\0';
	return token_read(text, strlen(text), ret_token, &reason);
}

static void test_reading(void)
{
	struct token token = TOKEN_INIT;

	ok(read_text("{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_at\":1.5,\"scope\":\"s\","
	             "\"token_type\":"
	             "\"T\",\"expires_in\":900}",
	       &token) == 0 &&
	        strcmp(token.access_token, "a") == 0 && strcmp(token.refresh_token, "r") == 0 &&
	        token.expires_at == 1.5 && strcmp(token.scope, "s") == 0 &&
	        strcmp(token.token_type, "T") == 0 && token.expires_in == 900,
	    "a login is read");
	token_clear(&token);
	ok(read_text(" {\"access_token\":\"a\",\"x\":[],\"expires_at\":\"17.5\",\"expires_in\":\"9e2\","
	             "\"token_type\":"
	             "\"\"}\n",
	       &token) == 0 &&
	        !*token.refresh_token && !*token.scope && strcmp(token.token_type, "Bearer") == 0 &&
	        token.expires_at == 17.5 && token.expires_in == 900,
	    "what is absent has its usual value, numbers may be texts");
	token_clear(&token);
	ok(read_text("{\"access_token\":\"a\",\"scope\":[1],\"token_type\":7,\"expires_at\":5,\"more\":"
	             "18446744073709551615}",
	       &token) == 0 &&
	        !*token.scope && strcmp(token.token_type, "Bearer") == 0 && token.expires_at == 5,
	    "what does not matter may be anything, and numbers may be larger than ours");
	token_clear(&token);
	ok(read_text("{\"access_token\":\"a\",\"refresh_token\":null,\"scope\":null}", &token) == 0 &&
	        !*token.refresh_token && token.expires_at == 0,
	    "null is absent");
	token_clear(&token);
	ok(read_text("{\"access_token\":\"\",\"refresh_token\":\"\",\"expires_at\":0}", &token) == 0 &&
	        token_is_tombstone(&token),
	    "a tombstone is no damage");
	token_clear(&token);
	ok(read_text("{\"access_token\":\"\",\"refresh_token\":\"r\"}", &token) == 0 &&
	        !token_is_tombstone(&token),
	    "a refresh token alone is a login");
	token_clear(&token);
	token_clear(&token);
	ok(!token.access_token, "to clear twice does no harm");
}

static void test_hostile(void)
{
	static const struct {
		const char *what, *text;
	} cases[] = {
	    {"nothing", ""},
	    {"blanks", "  \n"},
	    {"half an object", "{\"access_token\":\"a\""},
	    {"two objects", "{\"access_token\":\"a\"}{}"},
	    {"a list", "[\"access_token\"]"},
	    {"a text", "\"access_token\""},
	    {"null", "null"},
	    {"an empty object", "{}"},
	    {"no access token", "{\"refresh_token\":\"r\"}"},
	    {"empty tokens with a time", "{\"access_token\":\"\",\"refresh_token\":\"\",\"expires_at\":5}"},
	    {"a number for a token", "{\"access_token\":5}"},
	    {"a list for a token", "{\"access_token\":[\"a\"]}"},
	    {"a line break in a token", "{\"access_token\":\"a\\r\\nX: y\"}"},
	    {"a blank in a token", "{\"access_token\":\"a b\"}"},
	    {"a NUL in a token", "{\"access_token\":\"a\\u0000b\"}"},
	    {"a token beyond ASCII", "{\"access_token\":\"\\u00e9\"}"},
	    {"a line break in a refresh token", "{\"access_token\":\"a\",\"refresh_token\":\"\\n\"}"},
	    {"bytes that are not UTF-8", "{\"access_token\":\"\xFF\"}"},
	    {"an end before the beginning of time", "{\"access_token\":\"a\",\"expires_at\":-1}"},
	    {"an end beyond all time", "{\"access_token\":\"a\",\"expires_at\":1e13}"},
	    {"a negative life", "{\"access_token\":\"a\",\"expires_in\":-900}"},
	    {"a life of ages", "{\"access_token\":\"a\",\"expires_in\":1e12}"},
	    {"a number too large for JSON", "{\"access_token\":\"a\",\"expires_in\":1e999}"},
	};
	struct token token = TOKEN_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(read_text(cases[i].text, &token) == -1 && *reason.text && !token.access_token,
		    "%s is no login: %s", cases[i].what, reason.text);
	enum { DEEP = 100000 };
	char *deep = malloc(DEEP);
	memset(deep, '[', DEEP);
	ok(token_read(deep, DEEP, &token, &reason) == -1, "nesting without end is no login: %s", reason.text);
	free(deep);
	ok(read_text("{\"access_token\":\"sk-secret\" oops", &token) == -1 && !strstr(reason.text, "sk-"),
	    "why it is none quotes nothing of it");
}

static void test_printing(void)
{
	static const double times[] = {
	    0, 1, 1700000000, 1700000000.25, 1700000000.1, 1763982845.1234567, 0.1, 999999999999};
	struct token token = TOKEN_INIT, again = TOKEN_INIT;
	bool same = true, one_line = true;

	read_text("{\"access_token\":\"a\",\"refresh_token\":\"r\",\"scope\":\"\\u00e9 "
	          "\\\"\\n\",\"expires_in\":900}",
	    &token);
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		token.expires_at = times[i];
		char *text = token_print(&token);
		same = same && text && read_text(text, &again) == 0 && again.expires_at == times[i] &&
		       strcmp(token.access_token, again.access_token) == 0 &&
		       strcmp(token.refresh_token, again.refresh_token) == 0 &&
		       strcmp(token.scope, again.scope) == 0 && again.expires_in == 900;
		one_line = one_line && text && !strchr(text, '\n');
		token_clear(&again);
		wipe_str(text);
	}
	ok(same, "what is printed reads back as it was, to the last digit of a fraction");
	ok(one_line, "it is printed on one line");
	token.expires_at = 1700000000;
	char *text = token_print(&token);
	ok(text && strstr(text, "\"expires_at\":1700000000,") && strstr(text, "\"expires_in\":900}"),
	    "whole numbers are printed as such");
	wipe_str(text);
	token.expires_at = INFINITY;
	text = token_print(&token);
	ok(text && strstr(text, "\"expires_at\":null,"), "a time that never comes is null");
	wipe_str(text);
	token_clear(&token);
}

static int from_answer(const char *text, struct token *ret_token)
{
	json_t *response = json_parse(text, strlen(text), &reason);
	int result = token_from_response(response, now, ret_token, &reason);

	json_decref(response);
	return result;
}

static void test_answers(void)
{
	static const struct {
		const char *what, *text;
	} refused[] = {
	    {"no access token", "{\"refresh_token\":\"r\",\"expires_in\":900}"},
	    {"an empty access token", "{\"access_token\":\"\",\"refresh_token\":\"r\",\"expires_in\":900}"},
	    {"no refresh token", "{\"access_token\":\"a\",\"expires_in\":900}"},
	    {"no expires_in", "{\"access_token\":\"a\",\"refresh_token\":\"r\"}"},
	    {"an expires_in of 0", "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":0}"},
	    {"an expires_in of next to nothing",
	        "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":1e-60}"},
	    {"a negative expires_in", "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":-5}"},
	    {"an expires_in of words",
	        "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":\"soon\"}"},
	    {"a line break in a token",
	        "{\"access_token\":\"a\\n\",\"refresh_token\":\"r\",\"expires_in\":900}"},
	    {"a list", "[]"},
	};
	struct token token = TOKEN_INIT;

	ok(from_answer("{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":\"900\"}", &token) ==
	            0 &&
	        token.expires_at == now + 900 && token.expires_in == 900 &&
	        strcmp(token.token_type, "Bearer") == 0 && !*token.scope,
	    "an answer is a token from now on, its life may be a text");
	token_clear(&token);
	ok(from_answer("{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":1e300}", &token) ==
	            0 &&
	        token.expires_in == 3153600000.0 && token.expires_at == now + 3153600000.0,
	    "a life of ages is a hundred years");
	token_clear(&token);
	ok(from_answer(
	       "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":900,\"token_type\":\"\"}",
	       &token) == 0 &&
	        strcmp(token.token_type, "Bearer") == 0,
	    "an empty token_type is Bearer, as it will be when it is read back");
	token_clear(&token);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		ok(from_answer(refused[i].text, &token) == -1 && *reason.text && !token.access_token,
		    "%s is never saved over a good login: %s", refused[i].what, reason.text);
	ok(token_from_response(NULL, now, &token, &reason) == -1, "nor is no answer at all");
}

int main(void)
{
	json_start();
	test_due();
	test_wanted();
	test_reading();
	test_hostile();
	test_printing();
	test_answers();
	return tap_done();
}
