#include "api/headers.h"

#include "config/view.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

static const struct home home = {.client = &client_kimi_cli};
static struct device_headers device;
static struct headers headers;

/* Builds the headers with these lines below [providers."managed:kimi-code".custom_headers]. */
static bool build(const char *lines)
{
	char text[8192];
	struct toml_error error;

	headers_clear(&headers);
	snprintf(text, sizeof(text), "[providers.\"managed:kimi-code\".custom_headers]\n%s", lines);
	struct toml *config = toml_parse(text, strlen(text), &error);
	if (!config)
		printf("# line %zu: %s\n", error.line, error.message);
	else
		headers_build(&headers, &device,
		    config_custom_headers(&home, config, platform_find("kimi-code", NULL)));
	toml_free(config);
	return config;
}

static size_t count(void)
{
	size_t n = 0;

	while (headers.lines && headers.lines[n])
		n++;
	return n;
}

static bool has(const char *line)
{
	for (char **at = headers.lines; at && *at; at++)
		if (strcmp(*at, line) == 0)
			return true;
	return false;
}

static void test_building(void)
{
	headers_build(&headers, &device, NULL);
	ok(count() == DEVICE_HEADERS && has("X-Msh-Device-Name: here"),
	    "without a config there are the six of the device");
	ok(build("X-Team = \"blue\"\nX-Empty = \"\"\n") && count() == DEVICE_HEADERS + 2 &&
	        has("X-Team: blue"),
	    "the user's own are added");
	ok(build("x-msh-device-name = \"there\"\n") && count() == DEVICE_HEADERS &&
	        has("x-msh-device-name: there") && !has("X-Msh-Device-Name: here"),
	    "one with the name of another takes its place, whatever its case");
	ok(build("X-A = \"1\"\nx-a = \"2\"\n") && count() == DEVICE_HEADERS + 1 && has("x-a: 2"),
	    "of two with one name the last stays");
	struct headers empty = {0};
	headers_clear(&empty);
	headers_clear(&empty);
	ok(!empty.lines, "to clear twice does no harm");
}

static void test_leaving_out(void)
{
	static const struct {
		const char *what, *line;
	} cases[] = {
	    {"Authorization, which is ours", "authorization = \"Bearer x\"\n"},
	    {"a value with a line break", "X-A = \"a\\r\\nX-Evil: yes\"\n"},
	    {"a value with a NUL", "X-A = \"a\\u0000b\"\n"},
	    {"a value with DEL", "X-A = \"a\\u007fb\"\n"},
	    {"a value that is a number", "X-A = 5\n"},
	    {"a value that is a list", "X-A = [\"a\"]\n"},
	    {"a name with a blank", "\"X A\" = \"a\"\n"},
	    {"a name with a colon", "\"X-A:\" = \"a\"\n"},
	    {"a name with a line break", "\"X-A\\nX-Evil\" = \"a\"\n"},
	    {"a name with a NUL", "\"X-A\\u0000\" = \"a\"\n"},
	    {"an empty name", "\"\" = \"a\"\n"},
	    {"a name beyond ASCII", "\"X-\\u00e9\" = \"a\"\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ok(build(cases[i].line) && count() == DEVICE_HEADERS, "%s is left out", cases[i].what);
	char line[6000] = "X-A = \"";
	memset(line + 7, 'x', 4097);
	strcpy(line + 7 + 4097, "\"\n");
	ok(build(line) && count() == DEVICE_HEADERS, "a value without end is left out");
}

static void test_many(void)
{
	char lines[8192] = "", *at = lines;

	for (int i = 0; i < 200; i++)
		at += sprintf(at, "X-%d = \"v\"\n", i);
	ok(build(lines) && count() < 200 && count() > DEVICE_HEADERS,
	    "there is an end to how many are taken");
}

int main(void)
{
	static const char *const lines[DEVICE_HEADERS] = {"X-Msh-Platform: kimi_cli", "X-Msh-Version: 1",
	    "X-Msh-Device-Name: here", "X-Msh-Device-Model: m", "X-Msh-Os-Version: o", "X-Msh-Device-Id: i"};

	for (size_t i = 0; i < DEVICE_HEADERS; i++)
		device.headers[i] = lines[i];
	test_building();
	test_leaving_out();
	test_many();
	headers_clear(&headers);
	return tap_done();
}
