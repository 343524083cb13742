#include "store/token.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/json.h"

#include <math.h>
#include <stdlib.h>

static const double default_margin = 300, clock_tolerance = 60, uncertain_left = 5; /* seconds */
static const double longest_life = 100.0 * 365 * 86400;

void token_clear(struct token *token)
{
	wipe_str(token->access_token);
	wipe_str(token->refresh_token);
	free(token->scope);
	free(token->token_type);
	*token = (struct token)TOKEN_INIT;
}

/* Only printable ASCII can be sent in a header line. */
static int copy_token(const json_t *object, const char *name, char **ret_text, struct reason *ret_reason)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	if (!value || json_is_null(value))
		text = "";
	if (!text || !text_is_plain(text))
		return reason_set(ret_reason, "its %s is invalid", name);
	*ret_text = memory_copy(text);
	return 0;
}

/*
 * A value that is not a string counts as missing: it is no reason to lose a good token.
 * An empty string does too, since kimi-cli writes token_type "" if the server sent none.
 */
static char *token_copy_text(const json_t *object, const char *name, const char *fallback)
{
	const char *text = json_text(object, name);

	if (!text || !*text)
		text = fallback;
	return memory_copy(text);
}

int token_copy_texts(const json_t *object, struct token *token, struct reason *ret_reason)
{
	if (copy_token(object, "access_token", &token->access_token, ret_reason) < 0 ||
	    copy_token(object, "refresh_token", &token->refresh_token, ret_reason) < 0)
		return -1;
	token->scope = token_copy_text(object, "scope", "");
	token->token_type = token_copy_text(object, "token_type", "Bearer");
	return 0;
}

static int token_fill_stored(const json_t *object, struct token *token, struct reason *ret_reason)
{
	if (!json_is_object(object))
		return reason_set(ret_reason, "it is not a JSON object");
	if (token_copy_texts(object, token, ret_reason) < 0)
		return -1;
	json_number(object, "expires_at", &token->expires_at);
	json_number(object, "expires_in", &token->expires_in);
	if (!json_object_get(object, "access_token") ||
	    (!*token->access_token && !token_is_tombstone(token) && !*token->refresh_token))
		return reason_set(ret_reason, "it has no access_token");
	if (token->expires_at < 0 || token->expires_in < 0 || token->expires_in > longest_life ||
	    token->expires_at > 1e12)
		return reason_set(ret_reason, "its times are invalid");
	return 0;
}

int token_read(const char *bytes, size_t len, struct token *ret_token, struct reason *ret_reason)
{
	struct token token = TOKEN_INIT;

	if (!len)
		return reason_set(ret_reason, "it is empty");
	json_t *object = json_parse(bytes, len, ret_reason);
	if (!object)
		return -1;
	int result = token_fill_stored(object, &token, ret_reason);
	json_decref(object);
	if (result == 0)
		*ret_token = token;
	else
		token_clear(&token);
	return result;
}

static int token_fill(const json_t *response, double now, struct token *token, struct reason *ret_reason)
{
	if (token_copy_texts(response, token, ret_reason) < 0)
		return -1;
	if (!*text_or_empty(token->access_token))
		return reason_set(ret_reason, "it has no access_token");
	if (!*text_or_empty(token->refresh_token))
		return reason_set(ret_reason, "it has no refresh_token");
	json_number(response, "expires_in", &token->expires_in);
	if (token->expires_in > longest_life)
		token->expires_in = longest_life;
	token->expires_at = now + token->expires_in;
	if (!(token->expires_at > now))
		return reason_set(ret_reason, "it has no positive expires_in");
	return 0;
}

int token_from_response(
    const json_t *response, double now, struct token *ret_token, struct reason *ret_reason)
{
	struct token token = TOKEN_INIT;
	int result = token_fill(response, now, &token, ret_reason);

	if (result == 0)
		*ret_token = token;
	else
		token_clear(&token);
	return result;
}

char *token_print(const struct token *token)
{
	json_t *object = json_pack("{s:s, s:s, s:o, s:s, s:s, s:o}", "access_token", token->access_token,
	    "refresh_token", token->refresh_token, "expires_at", json_from_number(token->expires_at), "scope",
	    token->scope, "token_type", token->token_type, "expires_in", json_from_number(token->expires_in));
	char *text = object ? json_print(object) : NULL;

	json_decref(object);
	return text;
}

bool token_is_tombstone(const struct token *token)
{
	return !*token->access_token && !*token->refresh_token && token->expires_at == 0;
}

double token_left(const struct token *token, double now)
{
	double left = token->expires_at - now;

	if (!*token->access_token)
		return 0;
	if (isinf(left))
		return left;
	if (token->expires_in > 0 && left > token->expires_in + clock_tolerance)
		return uncertain_left;
	return left;
}

double token_wanted_left(const struct token *token, double min_valid)
{
	double life = token->expires_in;
	bool is_too_long = life > 0 && min_valid >= life;

	if (min_valid < 0) {
		min_valid = default_margin;
		is_too_long = life > 0 && default_margin * 2 > life;
	}
	if (is_too_long)
		return life / 2;
	return min_valid;
}

bool token_is_due(const struct token *token, double now)
{
	double margin = default_margin;

	if (token->expires_in > 0)
		margin = token->expires_in / 2;
	return token_left(token, now) < margin;
}
