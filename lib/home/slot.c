#include "home/slot.h"

#include <sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SLOT_DIGITS = 16 };

/* What JavaScript's trim() takes for white space, in ASCII. */
static const char blanks[] = " \t\n\v\f\r";

static size_t length_without_slashes(const char *text, size_t len)
{
	while (len && text[len - 1] == '/')
		len--;
	return len;
}

/* As JSON.stringify() writes a string, without its quotes. */
static void hash_escaped(SHA2_CTX *hash, const char *text, size_t len)
{
	static const char controls[] = "\b\f\n\r\t", letters[] = "bfnrt";
	char escaped[8];

	for (size_t i = 0; i < len; i++) {
		const char *control = strchr(controls, text[i]);
		if (text[i] == '"' || text[i] == '\\')
			snprintf(escaped, sizeof(escaped), "\\%c", text[i]);
		else if (text[i] && control)
			snprintf(escaped, sizeof(escaped), "\\%c", letters[control - controls]);
		else if ((unsigned char)text[i] < 0x20)
			snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned char)text[i]);
		else
			snprintf(escaped, sizeof(escaped), "%c", text[i]);
		SHA256Update(hash, (const uint8_t *)escaped, strlen(escaped));
	}
}

static void hash_text(SHA2_CTX *hash, const char *text)
{
	SHA256Update(hash, (const uint8_t *)text, strlen(text));
}

static bool is(const char *text, size_t len, const char *expected)
{
	return strlen(expected) == len && memcmp(text, expected, len) == 0;
}

void slot_name(const char *oauth_host, const char *base_url, char ret_slot[SLOT_MAX])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t host_len, base_len;
	SHA2_CTX hash;

	oauth_host += strspn(oauth_host, blanks);
	host_len = strlen(oauth_host);
	while (host_len && strchr(blanks, oauth_host[host_len - 1]))
		host_len--;
	host_len = length_without_slashes(oauth_host, host_len);
	base_len = length_without_slashes(base_url, strlen(base_url));
	size_t len = (size_t)snprintf(ret_slot, SLOT_MAX, "kimi-code");
	if (is(oauth_host, host_len, "https://auth.kimi.com") &&
	    is(base_url, base_len, "https://api.kimi.com/coding/v1"))
		return;
	SHA256Init(&hash);
	hash_text(&hash, "{\"oauthHost\":\"");
	hash_escaped(&hash, oauth_host, host_len);
	hash_text(&hash, "\",\"baseUrl\":\"");
	hash_escaped(&hash, base_url, base_len);
	hash_text(&hash, "\"}");
	SHA256Final(digest, &hash);
	len += (size_t)snprintf(ret_slot + len, SLOT_MAX - len, "-env-");
	for (size_t i = 0; i < SLOT_DIGITS / 2; i++)
		len += (size_t)snprintf(ret_slot + len, SLOT_MAX - len, "%02x", digest[i]);
}
