#include "base/exec_path.h"

#include "base/env.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int own_folder(char *ret_folder, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", ret_folder, size - 1);

	if (n <= 0 || (size_t)n >= size - 1)
		return 0;
	ret_folder[n] = '\0';
	char *slash = strrchr(ret_folder, '/');
	if (!slash || slash == ret_folder)
		return 0;
	*slash = '\0';
	return 1;
}

int sibling_folder(unsigned *at, char *ret_folder, size_t size)
{
	const char *named = env_get("KIMI_EXEC_PATH");

	for (;;) {
		switch ((*at)++) {
		case 0:
			if (named)
				return text_join(ret_folder, size, (const char *const[]){named, NULL});
			break;
		case 1:
			/* A folder that was named is the only one: a test is not to run an installed copy. */
			if (!named && own_folder(ret_folder, size))
				return 1;
			break;
		case 2:
			if (!named)
				return text_join(ret_folder, size, (const char *const[]){KIMI_BINDIR, NULL});
			break;
		default:
			return 0;
		}
	}
}

static int sibling_look_up(
    const char *program, const char *const places[], char *ret_path, size_t size, struct err *err)
{
	char folder[3072], first[3072] = "";
	struct stat st;

	for (unsigned at = 0; sibling_folder(&at, folder, sizeof(folder));) {
		if (!*first)
			snprintf(first, sizeof(first), "%s", folder);
		for (const char *const *place = places; *place; place++)
			if (text_join(
			        ret_path, size, (const char *const[]){folder, "/", *place, program, NULL}) &&
			    stat(ret_path, &st) == 0 && S_ISREG(st.st_mode) && access(ret_path, X_OK) == 0)
				return 0;
	}
	return err_set(err, ERR_FAILED, "install the toolkit again, or set KIMI_EXEC_PATH to its folder",
	    "%s is not in %s", program, first);
}

int sibling_find(const char *program, char *ret_path, size_t size, struct err *err)
{
	static const char *const places[] = {"", NULL};

	return sibling_look_up(program, places, ret_path, size, err);
}

int sibling_find_helper(const char *program, char *ret_path, size_t size, struct err *err)
{
	static const char *const places[] = {"../libexec/kimi/", "", NULL};

	return sibling_look_up(program, places, ret_path, size, err);
}
