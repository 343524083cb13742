#include "home/slot.h"

#include "tap.h"

/* Observed in runs of kimi-code. */
static const struct {
	const char *oauth_host, *base_url, *slot;
} vectors[] = {
    {"https://auth.kimi.com", "https://api.kimi.com/coding/v1", "kimi-code"},
    {" https://auth.kimi.com// ", "https://api.kimi.com/coding/v1//", "kimi-code"},
    {"https://auth.kimi.ai/", "https://api.kimi.ai/coding/v1/", "kimi-code-env-0e4f99c69cc27850"},
    {"https://auth.kimi.ai", "https://api.kimi.com/coding/v1", "kimi-code-env-002df460b17c2d66"},
    {"https://auth.kimi.com", "https://api.kimi.ai/coding/v1", "kimi-code-env-d44abaad1d85681f"},
    {"http://127.0.0.1:8080", "http://127.0.0.1:8080/coding/v1", "kimi-code-env-5efbb6ba7feb42cd"},
    {"https://AUTH.kimi.com", "https://api.kimi.com/coding/v1", "kimi-code-env-16fcf4910bd374be"},
    {"https://auth.kimi.com", " https://api.kimi.com/coding/v1", "kimi-code-env-b7641a9357bb4be7"},
    {"https://a.example/\"q\\\xC3\xA9", "https://b.example", "kimi-code-env-a6197767966957c7"},
    {"", "", "kimi-code-env-dc09575c5529f206"},
    {"", "https://api.kimi.com/coding/v1", "kimi-code-env-9192b29aae5b06ea"},
    /* Not observed, but derived from trim() and JSON.stringify(). */
    {"\t\n\v\f\r\xc2\xa0\xe1\x9a\x80\xe2\x80\x80\xe2\x80\x8a\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaf"
     "https://auth.kimi.com/\xe2\x81\x9f\xe3\x80\x80\xef\xbb\xbf",
        "https://api.kimi.com/coding/v1", "kimi-code"},
    {" // ", "/", "kimi-code-env-dc09575c5529f206"},
    {"a\x01\x08\t\n\x0b\x0c\r\x1f\x7f/\xc3\xa9\xe2\x80\xa8"
     "z",
        "b", "kimi-code-env-9d464a551bad589d"},
    {"x/ /", "y", "kimi-code-env-1dafa4dddf4944de"},
};

int main(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		char slot[SLOT_MAX];
		slot_name(vectors[i].oauth_host, vectors[i].base_url, slot);
		ok(strcmp(slot, vectors[i].slot) == 0, "pair %zu has the slot %s (%s)", i, vectors[i].slot,
		    slot);
	}
	return tap_done();
}
