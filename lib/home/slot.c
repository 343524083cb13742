#include "home/slot.h"

#include "base/buf.h"
#include "base/text.h"

#include <sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { JSON_MAX = 16 * 1024 }; /* URLs are much shorter */

static const char default_host[] = "https://auth.kimi.com";
static const char default_base[] = "https://api.kimi.com/coding/v1";

/* White space of JavaScript's String.prototype.trim(). */
static bool is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == ' ' || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
	       c == 0x3000 || c == 0xfeff;
}

struct span {
	const char *start;
	size_t len;
};

static struct span slot_trim(const char *text)
{
	const char *end = text + strlen(text), *first = end, *last = end;

	for (const char *at = text; at < end;) {
		const char *start = at;
		if (is_space(text_next(&at, end)))
			continue;
		if (first == end)
			first = start;
		last = at;
	}
	return (struct span){first, (size_t)(last - first)};
}

static struct span cut_slashes(struct span s)
{
	while (s.len && s.start[s.len - 1] == '/')
		s.len--;
	return s;
}

static bool is_text(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.start, text, s.len) == 0;
}

void slot_name(const char *oauth_host, const char *base_url, char ret_slot[SLOT_MAX])
{
	struct span host = cut_slashes(slot_trim(oauth_host));
	struct span base = cut_slashes((struct span){base_url, strlen(base_url)});
	char digest[SHA256_DIGEST_STRING_LENGTH];
	struct buf json;

	if (is_text(host, default_host) && is_text(base, default_base)) {
		snprintf(ret_slot, SLOT_MAX, "kimi-code");
		return;
	}
	buf_init(&json, JSON_MAX);
	buf_addstr(&json, "{\"oauthHost\":\"");
	text_add_json(&json, host.start, host.len);
	buf_addstr(&json, "\",\"baseUrl\":\"");
	text_add_json(&json, base.start, base.len);
	buf_addstr(&json, "\"}");
	SHA256Data((const uint8_t *)json.data, json.len, digest);
	buf_release(&json);
	snprintf(ret_slot, SLOT_MAX, "kimi-code-env-%.16s", digest);
}
