#include "proxy/own_response.h"

#include "response_wire.h"
#include "tap.h"

#include <jansson.h>

static struct response_wire wire;

/* The refusal as the client gets it; *ret_object is its JSON. False: Content-Length is wrong. */
static bool refuse(const char *target, int status, const char *message, json_t **ret_object)
{
	size_t len = 0;
	struct MHD_Response *response =
	    own_response_new(target, status, "invalid_request_error", message, &len);

	response_wire_read(&wire, "GET", response, (unsigned)status);
	MHD_destroy_response(response);
	*ret_object = json_loadb(wire.body, wire.body_len, 0, NULL);
	return len == wire.body_len;
}

/* The error object has exactly these members. */
static bool has_shape(const char *target, bool is_messages)
{
	json_t *object, *expected = json_pack("{s:{s:s, s:s}}", "error", "type", "invalid_request_error",
	                    "message", "say \"why\"\\ \xc3\xa9");

	if (is_messages)
		json_object_set_new(expected, "type", json_string("error"));
	bool same = refuse(target, 400, "say \"why\"\\ \xc3\xa9", &object) && json_equal(object, expected);
	json_decref(object);
	json_decref(expected);
	return same;
}

static void test_shapes(void)
{
	ok(has_shape("/v1/messages", true) && has_shape("/messages", true) &&
	        has_shape("/v1/v1/messages?beta=true", true) && has_shape("/messages/count_tokens", true),
	    "for /messages the error object has a type of its own");
	ok(has_shape("/v1/chat/completions", false) && has_shape("/v1/models", false) &&
	        has_shape("/v1/messagesx", false) && has_shape("/v1/x/messages", false) &&
	        has_shape("*", false) && has_shape("", false) &&
	        has_shape("http://127.0.0.1/v1/messages", false),
	    "for other paths it has not");
}

/* The refusal with that status has these headers, besides those of all refusals. */
static bool has_lines(int status, const char *const *lines)
{
	static const char *const all[] = {"x-should-retry: false", "WWW-Authenticate: Bearer",
	    "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", "Retry-After: 5"};
	json_t *object;
	bool right = refuse("/v1/models", status, "x", &object) && wire.status == status &&
	             response_wire_has(&wire, "Content-Type: application/json");

	json_decref(object);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		bool expected = false;
		for (const char *const *line = lines; *line; line++)
			expected |= strcmp(*line, all[i]) == 0;
		right = right && response_wire_has(&wire, all[i]) == expected;
	}
	return right;
}

static void test_heads(void)
{
	ok(has_lines(401, (const char *[]){"x-should-retry: false", "WWW-Authenticate: Bearer", NULL}),
	    "401 asks for a key and not to retry");
	ok(has_lines(405, (const char *[]){"Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", NULL}),
	    "405 names the methods");
	ok(has_lines(503, (const char *[]){"Retry-After: 5", NULL}), "503 says when to try again");
	ok(has_lines(400, (const char *[]){NULL}) && has_lines(403, (const char *[]){NULL}) &&
	        has_lines(500, (const char *[]){NULL}) && has_lines(502, (const char *[]){NULL}),
	    "others say none of that");
}

static bool has_status(enum err_code code, int status, const char *type)
{
	const struct err err = {.code = code};
	const char *given;

	return own_response_status(&err, &given) == status && strcmp(given, type) == 0;
}

static void test_errors(void)
{
	ok(has_status(ERR_LOGIN_REQUIRED, 401, "authentication_error") &&
	        has_status(ERR_REJECTED, 401, "authentication_error"),
	    "no login is 401");
	ok(has_status(ERR_NETWORK, 503, "api_error") && has_status(ERR_SERVER, 503, "api_error") &&
	        has_status(ERR_BUSY, 503, "api_error") && has_status(ERR_TIMEOUT, 503, "api_error"),
	    "what passes is 503");
	ok(has_status(ERR_CONFIG, 500, "api_error") && has_status(ERR_FAILED, 500, "api_error"),
	    "anything else is 500");
}

static void test_messages(void)
{
	struct err err;
	json_t *object;

	err_set(&err, ERR_NETWORK, "try again", "no %s", "way");
	char *message = own_response_message(&err);
	ok(strcmp(message, "no way; try again") == 0, "a message says what is wrong and what to do");
	free(message);
	err_set(&err, ERR_NETWORK, NULL, "no way");
	message = own_response_message(&err);
	ok(strcmp(message, "no way") == 0, "or only what is wrong");
	free(message);
	memset(err.what, 'w', sizeof(err.what) - 1);
	memset(err.hint, 'h', sizeof(err.hint) - 1);
	message = own_response_message(&err);
	ok(strlen(message) == sizeof(err.what) + sizeof(err.hint), "the longest message comes whole");
	free(message);
	/* Texts are cut at any byte, and a server can send anything. */
	err_set(&err, ERR_NETWORK, NULL, "\x1b[31mred\xe2\x82");
	message = own_response_message(&err);
	ok(refuse("/v1/models", 502, message, &object) && json_is_object(object) && !strchr(message, '\x1b'),
	    "an error object can be made of every message");
	json_decref(object);
	free(message);
}

int main(void)
{
	test_shapes();
	test_heads();
	test_errors();
	test_messages();
	return tap_done();
}
