#include "proxy/environment.h"

#include "tap.h"

static struct variable variables[ENVIRONMENT_MAX + 1];

static const char *value_of(const char *name)
{
	for (struct variable *v = variables; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v->unset ? "(unset)" : v->value;
	return "(untouched)";
}

static int build(unsigned kinds, const char *lower, const char *upper, const char *socket)
{
	const struct environment set = {.kinds = kinds,
	    .url = "http://127.0.0.1:8080",
	    .key = "sk-local",
	    .socket = socket,
	    .no_proxy = {lower, upper}};

	return environment_build(&set, variables, NULL);
}

static bool has(const char *name, const char *value)
{
	return strcmp(value_of(name), value) == 0;
}

static void test_kinds(void)
{
	ok(environment_default(NULL) == 3 && environment_default("/usr/bin/aider") == 3,
	    "openai and anthropic are the default");
	ok(environment_default("/opt/bin/claude") == 5 && environment_default("claude") == 5 &&
	        environment_default("claude-x") == 3,
	    "for claude: claude and openai");
}

static void test_variables(void)
{
	build(ENVIRONMENT_OPENAI | ENVIRONMENT_ANTHROPIC, NULL, NULL, NULL);
	ok(has("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1") && has("OPENAI_API_KEY", "sk-local"), "openai");
	ok(has("ANTHROPIC_BASE_URL", "http://127.0.0.1:8080") && has("ANTHROPIC_API_KEY", "sk-local") &&
	        has("ANTHROPIC_AUTH_TOKEN", "(untouched)"),
	    "anthropic");
	build(ENVIRONMENT_CLAUDE, NULL, NULL, "/run/s");
	ok(has("ANTHROPIC_AUTH_TOKEN", "sk-local") && has("ANTHROPIC_API_KEY", "(unset)") &&
	        has("OPENAI_API_KEY", "(untouched)") && has("ANTHROPIC_UNIX_SOCKET", "/run/s"),
	    "claude");
	build(0, NULL, NULL, NULL);
	ok(has("OPENAI_API_KEY", "(untouched)") && has("NO_PROXY", "127.0.0.1,localhost"),
	    "none but NO_PROXY");
}

static void test_no_proxy(void)
{
	build(0, "example.com", NULL, NULL);
	ok(has("no_proxy", "example.com,127.0.0.1,localhost") && has("NO_PROXY", value_of("no_proxy")),
	    "loopback is added to what there is");
	build(0, "a", "b", NULL);
	ok(has("no_proxy", "a,127.0.0.1,localhost") && has("NO_PROXY", "b,127.0.0.1,localhost"), "to each");
	build(0, "localhost, 127.0.0.1", NULL, NULL);
	ok(has("no_proxy", "localhost, 127.0.0.1"), "once");
	build(0, "*", NULL, NULL);
	ok(has("no_proxy", "*") && has("NO_PROXY", "*"), "but not to *, which is every host");
	const struct environment six = {.url = "http://[::1]:8080", .key = "sk-local"};
	environment_build(&six, variables, NULL);
	ok(has("NO_PROXY", "127.0.0.1,localhost,::1,[::1]"), "the address of IPv6, as programs write it");
	char *endless = malloc(10000);
	memset(endless, 'a', 9999);
	endless[9999] = '\0';
	ok(build(0, endless, NULL, NULL) < 0, "one that is too long is an error");
	free(endless);
}

static void test_print(void)
{
	struct buf out;

	buf_init(&out, 4096);
	build(ENVIRONMENT_CLAUDE, "it's", "", NULL);
	environment_print(variables, &out);
	ok(strcmp(out.data, "export ANTHROPIC_BASE_URL='http://127.0.0.1:8080'\n"
	                    "export ANTHROPIC_AUTH_TOKEN='sk-local'\n"
	                    "unset ANTHROPIC_API_KEY\n"
	                    "export no_proxy='it'\\''s,127.0.0.1,localhost'\n"
	                    "export NO_PROXY='it'\\''s,127.0.0.1,localhost'\n") == 0,
	    "the lines are safe for a shell");
	buf_release(&out);
}

int main(void)
{
	test_kinds();
	test_variables();
	test_no_proxy();
	test_print();
	return tap_done();
}
