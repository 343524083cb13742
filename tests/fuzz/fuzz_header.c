/* Header lines from system and config values: no value can end a line early or start another one. */
#include "api/headers.h"
#include "config/view.h"
#include "home/device_headers.h"

#include "fuzz.h"

#include <strings.h>

static const struct home home = {.client = &client_kimi_cli};

static void try_value(const char *value, size_t size)
{
	char clean[64], again[64];

	need(size <= sizeof(clean));
	device_headers_clean_value(value, clean, size);
	device_headers_clean_value(clean, again, size);
	need(*clean && strlen(clean) < size && strcmp(clean, again) == 0);
	need(clean[0] != ' ' && clean[strlen(clean) - 1] != ' ');
	for (const char *c = clean; *c; c++)
		need(*c >= 0x20 && *c <= 0x7e);
}

static void need_line(const char *line)
{
	size_t name = strcspn(line, ":");

	need(name && strncmp(line + name, ": ", 2) == 0 && strncasecmp(line, "authorization:", 14) != 0);
	for (size_t i = 0; line[i]; i++)
		need((unsigned char)line[i] >= 0x20 && line[i] != 0x7f &&
		     (i >= name || (line[i] > ' ' && line[i] < 0x7f)));
}

static void try_config(const char *lines, size_t size)
{
	static const char table[] = "[providers.\"managed:kimi-code\".custom_headers]\n";
	static const char *const own[DEVICE_HEADERS] = {
	    "X-A: 1", "X-B: 2", "X-C: 3", "X-D: 4", "X-E: 5", "X-F: 6"};
	struct headers headers;
	struct device_headers device;
	struct toml_error error;
	struct buf text;

	buf_init(&text, SIZE_MAX / 4);
	buf_addstr(&text, table);
	buf_add(&text, lines, size);
	memcpy(device.headers, own, sizeof(own));
	struct toml *config = toml_parse(text.data, text.len, &error);
	headers_build(&headers, &device, config_custom_headers(&home, config, &platforms[0]));
	for (char **line = headers.lines; *line; line++) {
		need_line(*line);
		for (char **other = headers.lines; other != line; other++)
			need(strncasecmp(*line, *other, strcspn(*line, ":") + 1) != 0);
	}
	headers_clear(&headers);
	toml_free(config);
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	try_value(text, 64);
	try_value(text, 8);
	try_config((const char *)data, size);
	free(text);
	return 0;
}
