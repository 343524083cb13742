#include "store/record.h"

#include "base/memory.h"
#include "store/record_kimi_code.h"

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

static int read_kimi_code(const char *bytes, size_t len, struct token *ret_token, struct reason *ret_reason)
{
	switch (record_kimi_code_read(bytes, len, ret_token, ret_reason)) {
	case RECORD_VALID:
		return 0;
	case RECORD_REVOKED:
		*ret_token = record_tombstone();
		return 0;
	case RECORD_MISSING:
		break;
	}
	return -1;
}

static const struct record_format one_line = {token_read, token_print, false};
static const struct record_format pretty = {read_kimi_code, record_kimi_code_print, true};

const struct record_format *record_format_of(const struct client *client)
{
	if (client->pretty_record)
		return &pretty;
	return &one_line;
}
