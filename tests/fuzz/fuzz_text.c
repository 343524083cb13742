/* Any cleaned bytes are one line of UTF-8 without control characters; cleaning them again changes nothing. */
#include "base/text.h"

#include "fuzz.h"

#include <jansson.h>

static void need_clean(const char *text, size_t len)
{
	json_t *is_utf8 = json_stringn(text, len); /* an independent implementation */

	need(is_utf8 != NULL);
	json_decref(is_utf8);
	for (const char *at = text; at < text + len;) {
		uint32_t c = text_next(&at, text + len);
		need(c >= 0x20 && !(c >= 0x7f && c <= 0x9f));
		need(c != 0x61c && c != 0x200e && c != 0x200f && c != 0xfeff);
		need(!(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;
	char *text = fuzz_string(data, size);

	buf_init(&once, SIZE_MAX / 4);
	buf_init(&twice, SIZE_MAX / 4);
	text_clean(&once, (const char *)data, size);
	need_clean(once.data, once.len);
	text_clean(&twice, once.data, once.len);
	need(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	need(text_width(once.data) <= 2 * once.len);
	size_t len = strlen(text);
	text_clean_inplace(text);
	need(strlen(text) <= len);
	need_clean(text, strlen(text));
	free(text);
	buf_release(&twice);
	buf_release(&once);
	return 0;
}
