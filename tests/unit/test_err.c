#include "base/err.h"

#include "tap.h"

#include <errno.h>
#include <string.h>

/* As design.md lists them, for scripts to rely on. */
static const struct {
	enum err_code code;
	const char *name;
	int exit_status;
} table[] = {
    {ERR_NONE, "none", 0},
    {ERR_USAGE, "usage", 2},
    {ERR_LOGIN_REQUIRED, "login_required", 4},
    {ERR_REJECTED, "rejected", 4},
    {ERR_DENIED, "denied", 1},
    {ERR_WRONG_HOST, "wrong_host", 1},
    {ERR_STORAGE, "storage", 1},
    {ERR_CONFIG, "config", 1},
    {ERR_PROTOCOL, "protocol", 1},
    {ERR_FAILED, "failed", 1},
    {ERR_TIMEOUT, "timeout", 75},
    {ERR_NETWORK, "network", 75},
    {ERR_SERVER, "server", 75},
    {ERR_BUSY, "busy", 75},
    {ERR_INTERRUPTED, "interrupted", 130},
};

static void test_codes(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		ok(strcmp(err_name(table[i].code), table[i].name) == 0 &&
		        err_by_name(table[i].name) == table[i].code &&
		        err_exit_status(table[i].code) == table[i].exit_status,
		    "%s is a name, a code and the exit status %d", table[i].name, table[i].exit_status);
		ok(err_is_temporary(table[i].code) == (table[i].exit_status == 75), "%s %s", table[i].name,
		    table[i].exit_status == 75 ? "may pass" : "will not pass by itself");
	}
	ok(err_by_name("no such code") == ERR_FAILED && err_by_name("") == ERR_FAILED,
	    "an unknown name means that it failed");
}

static void test_texts(void)
{
	struct err err = {.code = ERR_BUSY, .what = "old", .hint = "old"};
	char long_text[2000];

	ok(err_set(&err, ERR_STORAGE, "do %s", "%s is %d", "x", 3) == -1 && err.code == ERR_STORAGE &&
	        strcmp(err.what, "x is 3") == 0 && strcmp(err.hint, "do %s") == 0,
	    "an error is filled and -1; what to do is no format");
	err_set(&err, err.code, err.hint, "not written: %s", err.what);
	ok(strcmp(err.what, "not written: x is 3") == 0 && strcmp(err.hint, "do %s") == 0,
	    "an error can be made from its own texts");
	err_set(&err, ERR_STORAGE, NULL, "y");
	ok(strcmp(err.hint, "") == 0, "nothing to do is \"\"");
	err_advise(&err, "do that");
	ok(strcmp(err.hint, "do that") == 0 && strcmp(err.what, "y") == 0, "advice can be given later");
	errno = ENOENT;
	ok(err_errno(&err, ERR_STORAGE, NULL, "cannot read %s", "z") == -1 &&
	        strcmp(err.what, "cannot read z: No such file or directory") == 0,
	    "the text of errno stands at the end");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	errno = ENOENT;
	err_errno(&err, ERR_STORAGE, long_text, "%s", long_text);
	ok(strlen(err.what) == sizeof(err.what) - 1 && strlen(err.hint) == sizeof(err.hint) - 1,
	    "long texts are cut");
	ok(err_set(NULL, ERR_STORAGE, "x", "y") == -1 && err_errno(NULL, ERR_STORAGE, "x", "y") == -1 &&
	        err_memory(NULL) == -1,
	    "who does not want to know passes NULL");
	err_advise(NULL, "x");
	ok(err_memory(&err) == -1 && err.code == ERR_BUSY && strcmp(err.what, "out of memory") == 0,
	    "memory has an error of its own");
}

int main(void)
{
	test_codes();
	test_texts();
	return tap_done();
}
