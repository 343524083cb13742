#include "store/token.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double usual_margin = 300, clock_may_differ = 60, next_to_nothing = 5;
static const double longest_life = 100.0 * 365 * 86400;

void token_clear(struct token *token)
{
	wipe_str(token->access_token);
	wipe_str(token->refresh_token);
	free(token->scope);
	free(token->token_type);
	*token = (struct token)TOKEN_INIT;
}

/* A token goes into a header line: anything but printable ASCII in it is not a token. */
static int copy_token(const json_t *object, const char *name, char **ret_text, char *ret_why, size_t size)
{
	const json_t *value = json_object_get(object, name);
	const char *text = !value || json_is_null(value) ? "" : json_string_value(value);

	if (!text || !text_is_plain(text)) {
		snprintf(ret_why, size, "its %s is invalid", name);
		return -1;
	}
	*ret_text = memory_copy(text);
	return 0;
}

/*
 * What is not a text counts as absent, since a good token must not be lost over it; so does an empty one: kimi-cli
 * writes token_type "" when it was never told one.
 */
static char *token_copy_text(const json_t *object, const char *name, const char *otherwise)
{
	const char *text = json_text(object, name);

	return memory_copy(text && *text ? text : otherwise);
}

int token_copy_texts(const json_t *object, struct token *token, char *ret_why, size_t size)
{
	if (copy_token(object, "access_token", &token->access_token, ret_why, size) < 0 ||
	    copy_token(object, "refresh_token", &token->refresh_token, ret_why, size) < 0)
		return -1;
	token->scope = token_copy_text(object, "scope", "");
	token->token_type = token_copy_text(object, "token_type", "Bearer");
	return 0;
}

int token_read(const char *bytes, size_t len, struct token *ret_token, char *ret_why, size_t size)
{
	struct token token = TOKEN_INIT;
	json_t *object = len ? json_parse(bytes, len, ret_why, size) : NULL;
	int failed = -1;

	if (!len)
		snprintf(ret_why, size, "it is empty");
	if (!object)
		return -1;
	if (!json_is_object(object)) {
		snprintf(ret_why, size, "it is not a JSON object");
		goto out;
	}
	if (token_copy_texts(object, &token, ret_why, size) < 0)
		goto out;
	json_number(object, "expires_at", &token.expires_at);
	json_number(object, "expires_in", &token.expires_in);
	if (!json_object_get(object, "access_token") ||
	    (!*token.access_token && !token_is_tombstone(&token) && !*token.refresh_token)) {
		snprintf(ret_why, size, "it has no access_token");
		goto out;
	}
	if (token.expires_at < 0 || token.expires_in < 0 || token.expires_in > longest_life ||
	    token.expires_at > 1e12) {
		snprintf(ret_why, size, "its times are invalid");
		goto out;
	}
	*ret_token = token;
	token = (struct token)TOKEN_INIT;
	failed = 0;
out:
	token_clear(&token);
	json_decref(object);
	return failed;
}

int token_from_answer(const json_t *answer, double now, struct token *ret_token, char *ret_why, size_t size)
{
	struct token token = TOKEN_INIT;

	if (token_copy_texts(answer, &token, ret_why, size) < 0)
		goto failed;
	if (!*token.access_token || !*token.refresh_token) {
		snprintf(
		    ret_why, size, "it has no %s", *token.access_token ? "refresh_token" : "access_token");
		goto failed;
	}
	if (!json_number(answer, "expires_in", &token.expires_in))
		token.expires_in = 0;
	if (token.expires_in > longest_life)
		token.expires_in = longest_life;
	if (!((token.expires_at = now + token.expires_in) > now)) {
		snprintf(ret_why, size, "it has no positive expires_in");
		goto failed;
	}
	*ret_token = token;
	return 0;
failed:
	token_clear(&token);
	return -1;
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
	return token->expires_in > 0 && left > token->expires_in + clock_may_differ ? next_to_nothing : left;
}

double token_wanted_left(const struct token *token, double min_valid)
{
	double wanted = min_valid >= 0 ? min_valid : usual_margin;

	if (!(token->expires_in > 0))
		return wanted;
	if (min_valid >= 0 ? wanted >= token->expires_in : wanted * 2 > token->expires_in)
		return token->expires_in / 2;
	return wanted;
}

bool token_is_due(const struct token *token, double now)
{
	double life = token->expires_in;

	/* max(300 s, half the life), and half the life up to 600 s: one and the same. */
	return token_left(token, now) < (life > 0 ? life / 2 : usual_margin);
}
