#include "store/record.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1024 * 1024 };

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* Unlike json_number(), kimi-code does not accept a number in a string. */
static double number_or_zero(const json_t *object, const char *name)
{
	return json_number_value(json_object_get(object, name));
}

/* kimi-code leaves a record without tokens when a login was rejected. */
static struct token record_tombstone(void)
{
	return (struct token){
	    .access_token = memory_copy(""),
	    .refresh_token = memory_copy(""),
	    .scope = memory_copy(""),
	    .token_type = memory_copy(""),
	};
}

static int read_object(const json_t *object, struct token *ret_token, struct reason *ret_reason)
{
	struct token token = TOKEN_INIT;
	const char *access_token = json_text(object, "access_token");

	if (!access_token || !*access_token) {
		*ret_token = record_tombstone();
		return 0;
	}
	if (token_copy_texts(object, &token, ret_reason) < 0) {
		token_clear(&token);
		return -1;
	}
	token.expires_at = number_or_zero(object, "expires_at");
	token.expires_in = number_or_zero(object, "expires_in");
	if (token.expires_at == 0)
		token.expires_at = INFINITY;
	*ret_token = token;
	return 0;
}

static int read_kimi_code(const char *bytes, size_t len, struct token *ret_token, struct reason *ret_reason)
{
	int result = -1;

	if (!len)
		return reason_set(ret_reason, "it is empty");
	if (len >= strlen(byte_order_mark) && memcmp(bytes, byte_order_mark, strlen(byte_order_mark)) == 0)
		return reason_set(ret_reason, "it begins with a byte order mark");
	json_t *object = json_parse(bytes, len, ret_reason);
	if (json_is_object(object))
		result = read_object(object, ret_token, ret_reason);
	else if (object)
		reason_set(ret_reason, "it is not a JSON object");
	json_decref(object);
	return result;
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "  \"%s\": \"", name);
	text_add_json(out, text, strlen(text));
	buf_addstr(out, "\",\n");
}

/*
 * As JavaScript prints numbers: whole, or with the fewest digits that read back as the
 * same number.
 */
static void add_number(struct buf *out, const char *name, double number, const char *end)
{
	char digits[64];

	if (number == trunc(number) && fabs(number) < 1e21) {
		snprintf(digits, sizeof(digits), "%.0f", number);
	} else {
		for (int n = 15; n <= 17; n++) {
			snprintf(digits, sizeof(digits), "%.*g", n, number);
			if (strtod(digits, NULL) == number)
				break;
		}
	}
	buf_addf(out, "  \"%s\": %s%s", name, digits, end);
}

static char *print_kimi_code(const struct token *token)
{
	struct buf out;
	double expires_at = 0;

	if (isfinite(token->expires_at))
		expires_at = floor(token->expires_at);
	buf_init_secret(&out, MAX_BYTES);
	buf_addstr(&out, "{\n");
	add_text(&out, "access_token", token->access_token);
	add_text(&out, "refresh_token", token->refresh_token);
	add_number(&out, "expires_at", expires_at, ",\n");
	add_text(&out, "scope", token->scope);
	add_text(&out, "token_type", token->token_type);
	add_number(&out, "expires_in", token->expires_in, "\n}\n");
	return buf_detach(&out);
}

static const struct record_format one_line = {token_read, token_print, false};
static const struct record_format pretty = {read_kimi_code, print_kimi_code, true};

const struct record_format *record_format_of(const struct client *client)
{
	if (client->pretty_record)
		return &pretty;
	return &one_line;
}
