#include "base/exec_path.h"

#include "base/env.h"
#include "base/text.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int own_directory(char *ret_directory, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", ret_directory, size - 1);

	if (n <= 0 || (size_t)n >= size - 1)
		return 0;
	ret_directory[n] = '\0';
	char *slash = strrchr(ret_directory, '/');
	if (!slash || slash == ret_directory)
		return 0;
	*slash = '\0';
	return 1;
}

int exec_path_directory(unsigned *at, char *ret_directory, size_t size)
{
	const char *named = env_get("KIMI_EXEC_PATH");

	for (;;) {
		switch ((*at)++) {
		case 0:
			if (named)
				return text_join(ret_directory, size, (const char *const[]){named, NULL});
			break;
		case 1:
			/*
			 * KIMI_EXEC_PATH excludes the others, so that tests do not run
			 * installed programs.
			 */
			if (!named && own_directory(ret_directory, size))
				return 1;
			break;
		case 2:
			if (!named)
				return text_join(
				    ret_directory, size, (const char *const[]){KIMI_BINDIR, NULL});
			break;
		default:
			return 0;
		}
	}
}

/* Searches the subdirectories (ended by NULL) of each directory of the exec path. */
static bool exec_path_look_up(
    const char *program, const char *const subdirectories[], char *ret_path, size_t size)
{
	char directory[3072];
	struct stat st;

	for (unsigned at = 0; exec_path_directory(&at, directory, sizeof(directory));)
		for (const char *const *sub = subdirectories; *sub; sub++)
			if (text_join(
			        ret_path, size, (const char *const[]){directory, "/", *sub, program, NULL}) &&
			    stat(ret_path, &st) == 0 && S_ISREG(st.st_mode) && access(ret_path, X_OK) == 0)
				return true;
	return false;
}

static int exec_path_missing(const char *program, struct err *err)
{
	char directory[3072] = "";
	unsigned at = 0;

	exec_path_directory(&at, directory, sizeof(directory));
	return err_set(err, ERR_FAILED, "install the toolkit again, or set KIMI_EXEC_PATH to its directory",
	    "%s is not in %s", program, directory);
}

int exec_path_find(const char *program, char *ret_path, size_t size, struct err *err)
{
	static const char *const subdirectories[] = {"", NULL};

	if (exec_path_look_up(program, subdirectories, ret_path, size))
		return 0;
	return exec_path_missing(program, err);
}

int exec_path_find_helper(const char *program, char *ret_path, size_t size, struct err *err)
{
	static const char *const subdirectories[] = {"../libexec/kimi/", "", NULL};

	if (exec_path_look_up(program, subdirectories, ret_path, size))
		return 0;
	return exec_path_missing(program, err);
}
