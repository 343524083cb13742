/* The helper protocol: any reply can be parsed, and a request contains only what it was given. */
#include "store/helper_protocol.h"

#include "fuzz.h"

static void try_answer(const char *bytes, size_t size)
{
	struct buf lines, secret;

	buf_init(&lines, size);
	buf_add(&lines, bytes, size);
	buf_init_secret(&secret, 64);
	bool found = helper_protocol_password(&lines, &secret);
	need(found == (secret.len && !secret.failed) || secret.failed);
	if (found) {
		need(!memchr(secret.data, '\n', secret.len) && strlen(secret.data) == secret.len);
		need(memmem(bytes, size, secret.data, secret.len) != NULL);
	}
	buf_release(&secret);
	buf_release(&lines);
}

/* NULs separate host, key and secret. */
static void try_question(const char *bytes, size_t size)
{
	char *text = fuzz_string((const uint8_t *)bytes, size), *end = text + size;
	char *key = text + strlen(text), *secret;
	struct buf lines, back;
	size_t ends = 0;

	key += key < end;
	secret = key + strlen(key);
	secret += secret < end;
	buf_init_secret(&lines, 4096);
	buf_init_secret(&back, 4096);
	if (helper_protocol_ask(&lines, text, key, secret)) {
		for (size_t i = 0; i < lines.len; i++)
			ends += lines.data[i] == '\n';
		need(ends == 5 && !strchr(lines.data, '\r') &&
		     strcmp(lines.data + lines.len - 2, "\n\n") == 0);
		need(helper_protocol_password(&lines, &back) == (*secret != '\0') &&
		     strcmp(back.data, secret) == 0);
	} else {
		need(size > 1000 || strpbrk(text, "\r\n") || strpbrk(key, "\r\n") || strpbrk(secret, "\r\n"));
	}
	buf_release(&back);
	buf_release(&lines);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_answer((const char *)data, size);
	try_question((const char *)data, size);
	return 0;
}
