#include "config/check.h"
#include "config/file.h"
#include "config/login.h"

#include "scratch.h"
#include "tap.h"

static struct home home = {.client = &client_kimi_cli};

static void test_error_that_nobody_wants(void)
{
	struct account who;
	struct err err;

	account_find(&who, &home, NULL, "", NULL);
	mkdir(scratch_path("config.json"), 0700);
	ok(config_set_storage(&who, "file", &err) == -1 && err.code == ERR_CONFIG,
	    "a config.json that is no file is a config error");
	ok(config_set_storage(&who, "file", NULL) == -1, "and the caller need not ask for the error");
	rmdir(scratch_path("config.json"));
	scratch_write("config.json", "[]", 0600);
	ok(config_set_storage(&who, "file", NULL) == -1, "nor for that of a config.json that is no object");
	unlink(scratch_path("config.json"));
}

/* Whether kimi-cli can load this. */
static bool loads(const char *text)
{
	struct toml_error error;
	struct toml *doc = toml_parse(text, strlen(text), &error);
	struct problems problems = {0};

	if (!doc)
		return false;
	config_check(&home, doc, &problems);
	toml_free(doc);
	return problems.count == 0;
}

static void test_texts_that_hold_a_nul(void)
{
	static const struct {
		const char *before, *behind;
	} parts[] = {
	    {"theme = \"dark", "\""},
	    {"default_yolo = \"yes", "\""},
	    {"loop_control.max_steps_per_turn = \"5", "\""},
	    {"providers.p = {type = \"kimi\", base_url = \"\", api_key = \"\"}\n"
	     "models.m = {provider = \"p\", model = \"m\", max_context_size = 1, capabilities = [\"thinking",
	        "\"]}"},
	};
	char plain[256], odd[256];

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		snprintf(plain, sizeof(plain), "%s%s", parts[i].before, parts[i].behind);
		snprintf(odd, sizeof(odd), "%s\\u0000x%s", parts[i].before, parts[i].behind);
		ok(loads(plain) && !loads(odd), "a text is not its own beginning: %.12s", plain);
	}
}

int main(void)
{
	scratch_open();
	snprintf(home.directory, sizeof(home.directory), "%s", scratch_directory);
	test_error_that_nobody_wants();
	test_texts_that_hold_a_nul();
	scratch_close();
	return tap_done();
}
