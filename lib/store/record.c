#include "store/record.h"

#include "store/record_kimi_code.h"

#include <stdio.h>
#include <string.h>

/* A record without tokens, as kimi-code leaves it of a login that was rejected. */
static int make_tombstone(struct token *ret_token, char *ret_why, size_t size)
{
	struct token token = {.access_token = strdup(""),
	    .refresh_token = strdup(""),
	    .scope = strdup(""),
	    .token_type = strdup("")};

	if (token.access_token && token.refresh_token && token.scope && token.token_type) {
		*ret_token = token;
		return 0;
	}
	token_clear(&token);
	snprintf(ret_why, size, "out of memory");
	return -1;
}

static int read_kimi_code(const char *bytes, size_t len, struct token *ret_token, char *ret_why, size_t size)
{
	switch (record_kimi_code_read(bytes, len, ret_token, ret_why, size)) {
	case RECORD_VALID:
		return 0;
	case RECORD_REVOKED:
		return make_tombstone(ret_token, ret_why, size);
	case RECORD_MISSING:
		break;
	}
	return -1;
}

static const struct record_format one_line = {token_read, token_print, false};
static const struct record_format pretty = {read_kimi_code, record_kimi_code_print, true};

const struct record_format *record_format_of(const struct client *client)
{
	return client->pretty_record ? &pretty : &one_line;
}
