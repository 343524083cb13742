#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int exit_status;
} codes[] = {
    [ERR_NONE] = {"none", 0},
    [ERR_USAGE] = {"usage", 2},
    [ERR_LOGIN_REQUIRED] = {"login_required", 4},
    [ERR_REJECTED] = {"rejected", 4},
    [ERR_DENIED] = {"denied", 1},
    [ERR_WRONG_HOST] = {"wrong_host", 1},
    [ERR_STORAGE] = {"storage", 1},
    [ERR_CONFIG] = {"config", 1},
    [ERR_PROTOCOL] = {"protocol", 1},
    [ERR_FAILED] = {"failed", 1},
    [ERR_TIMEOUT] = {"timeout", 75},
    [ERR_NETWORK] = {"network", 75},
    [ERR_SERVER] = {"server", 75},
    [ERR_BUSY] = {"busy", 75},
    [ERR_INTERRUPTED] = {"interrupted", 130},
};

static void err_fill(struct err *err, enum err_code code, const char *hint, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
/* The texts may be those of *err itself. */
static void err_fill(struct err *err, enum err_code code, const char *hint, const char *format, va_list args)
{
	struct err filled = {.code = code};

	vsnprintf(filled.what, sizeof(filled.what), format, args);
	err_advise(&filled, hint);
	*err = filled;
}

int err_set(struct err *err, enum err_code code, const char *hint, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	err_fill(err, code, hint, format, args);
	va_end(args);
	return -1;
}

int err_errno(struct err *err, enum err_code code, const char *hint, const char *format, ...)
{
	int saved = errno;

	if (!err)
		return -1;
	if (saved == EMFILE || saved == ENFILE) {
		code = ERR_BUSY;
		hint = "close some programs, or raise the limit of open files (ulimit -n), and try again";
	}
	va_list args;
	va_start(args, format);
	err_fill(err, code, hint, format, args);
	va_end(args);
	size_t len = strlen(err->what);
	snprintf(err->what + len, sizeof(err->what) - len, ": %s", strerror(saved));
	return -1;
}

int err_memory(struct err *err)
{
	return err_set(err, ERR_BUSY, "free some memory and try again", "out of memory");
}

int err_output(struct err *err)
{
	static const char what[] = "cannot write to standard output",
	                  hint[] = "check where it goes, and run the command again";

	if (errno)
		return err_errno(err, ERR_FAILED, hint, what);
	return err_set(err, ERR_FAILED, hint, what);
}

void err_advise(struct err *err, const char *hint)
{
	if (!hint)
		hint = "";
	if (err)
		snprintf(err->hint, sizeof(err->hint), "%s", hint);
}

const char *err_name(enum err_code code)
{
	return codes[code].name;
}

int err_exit_status(enum err_code code)
{
	return codes[code].exit_status;
}

enum err_code err_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].name, name) == 0)
			return (enum err_code)i;
	return ERR_FAILED;
}

int err_is_temporary(enum err_code code)
{
	return err_exit_status(code) == 75;
}
