/* A stored login and a token response: accepted ones are valid, and survive being written and read. */
#include "base/buf.h"
#include "base/text.h"
#include "format/json.h"
#include "store/token.h"

#include "fuzz.h"

#include <math.h>

static const double now = 1700000000.25;

static void need_sense(const struct token *token)
{
	need(text_is_plain(token->access_token) && text_is_plain(token->refresh_token) && *token->token_type);
	need(isfinite(token->expires_at) && token->expires_at >= 0);
	need(isfinite(token->expires_in) && token->expires_in >= 0);
	need(token_wanted_left(token, -1) <= 300 && token_wanted_left(token, 0) == 0);
	need(token_is_due(token, token->expires_at) && token_is_due(token, token->expires_at + 1));
}

static void need_survival(const struct token *token)
{
	struct token again = TOKEN_INIT;
	char *text = token_print(token);

	need(text && !strchr(text, '\n') && token_read(text, strlen(text), &again, NULL) == 0);
	need(strcmp(again.access_token, token->access_token) == 0 &&
	     strcmp(again.refresh_token, token->refresh_token) == 0 &&
	     again.expires_at == token->expires_at && again.expires_in == token->expires_in &&
	     strcmp(again.scope, token->scope) == 0 && strcmp(again.token_type, token->token_type) == 0);
	token_clear(&again);
	wipe_str(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token token = TOKEN_INIT;
	struct reason reason = {0};

	if (token_read((const char *)data, size, &token, &reason) == 0) {
		need_sense(&token);
		need_survival(&token);
	} else {
		need(*reason.text && !token.access_token);
	}
	token_clear(&token);
	json_t *response = json_parse((const char *)data, size, &reason);
	if (response && token_from_response(response, now, &token, &reason) == 0) {
		need_sense(&token);
		need(*token.access_token && *token.refresh_token && token.expires_at > now);
		need_survival(&token);
	}
	token_clear(&token);
	json_decref(response);
	return 0;
}
