#include "config/file.h"
#include "config/login.h"

#include "scratch.h"
#include "tap.h"

static struct home home;

static void test_error_that_nobody_wants(void)
{
	struct err err;

	mkdir(scratch_path("config.json"), 0700);
	ok(config_set_storage(&home, "oauth/kimi-code", "file", &err) == -1 && err.code == ERR_CONFIG,
	    "a config.json that is no file is a config error");
	ok(config_set_storage(&home, "oauth/kimi-code", "file", NULL) == -1,
	    "and the caller need not ask for the error");
	rmdir(scratch_path("config.json"));
	scratch_write("config.json", "[]", 0600);
	ok(config_set_storage(&home, "oauth/kimi-code", "file", NULL) == -1,
	    "nor for that of a config.json that is no object");
	unlink(scratch_path("config.json"));
}

int main(void)
{
	scratch_open();
	snprintf(home.folder, sizeof(home.folder), "%s", scratch_folder);
	test_error_that_nobody_wants();
	scratch_close();
	return tap_done();
}
