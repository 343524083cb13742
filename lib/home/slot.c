#include "home/slot.h"

#include "base/text.h"

#include <sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

static void hash_text(SHA2_CTX *hash, const char *text)
{
	SHA256Update(hash, (const uint8_t *)text, strlen(text));
}

static void hash_json(SHA2_CTX *hash, struct span s)
{
	char escaped[TEXT_JSON_BYTE_MAX];

	for (size_t i = 0; i < s.len; i++) {
		text_json_byte(s.start[i], escaped);
		hash_text(hash, escaped);
	}
}

void slot_name(const char *oauth_host, const char *base_url, char ret_slot[SLOT_MAX])
{
	struct span host = cut_slashes(slot_trim(oauth_host));
	struct span base = cut_slashes((struct span){base_url, strlen(base_url)});
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX hash;

	if (is_text(host, default_host) && is_text(base, default_base)) {
		snprintf(ret_slot, SLOT_MAX, "kimi-code");
		return;
	}
	SHA256Init(&hash);
	hash_text(&hash, "{\"oauthHost\":\"");
	hash_json(&hash, host);
	hash_text(&hash, "\",\"baseUrl\":\"");
	hash_json(&hash, base);
	hash_text(&hash, "\"}");
	SHA256Final(digest, &hash);
	int n = snprintf(ret_slot, SLOT_MAX, "kimi-code-env-");
	for (int i = 0; i < 8; i++)
		n += snprintf(ret_slot + n, SLOT_MAX - (size_t)n, "%02x", digest[i]);
}
