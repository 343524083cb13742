#include "base/exec_path.h"

#include "base/env.h"
#include "base/text.h"

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
	unsigned number = (*at)++;

	/* It excludes the others, so that tests do not run installed programs. */
	if (named)
		return number == 0 && text_join(ret_directory, size, (const char *const[]){named, NULL});
	if (number == 0 && own_directory(ret_directory, size))
		return 1;
	if (number == 0)
		number = (*at)++;
	return number == 1 && text_join(ret_directory, size, (const char *const[]){KIMI_BINDIR, NULL});
}

/* Searches the subdirectories (ended by NULL) of each directory of the exec path. */
static int exec_path_search(
    const char *program, const char *const subdirectories[], char *ret_path, size_t size, struct err *err)
{
	char directory[3072];
	struct stat st;
	unsigned at = 0;

	while (exec_path_directory(&at, directory, sizeof(directory)))
		for (const char *const *sub = subdirectories; *sub; sub++)
			if (text_join(
			        ret_path, size, (const char *const[]){directory, "/", *sub, program, NULL}) &&
			    stat(ret_path, &st) == 0 && S_ISREG(st.st_mode) && access(ret_path, X_OK) == 0)
				return 0;
	at = 0;
	*directory = '\0';
	exec_path_directory(&at, directory, sizeof(directory));
	return err_set(err, ERR_FAILED, "install the toolkit again, or set KIMI_EXEC_PATH to its directory",
	    "%s is not in %s", program, directory);
}

int exec_path_find(const char *program, char *ret_path, size_t size, struct err *err)
{
	static const char *const subdirectories[] = {"", NULL};

	return exec_path_search(program, subdirectories, ret_path, size, err);
}

int exec_path_find_helper(const char *program, char *ret_path, size_t size, struct err *err)
{
	static const char *const subdirectories[] = {"../libexec/kimi/", "", NULL};

	return exec_path_search(program, subdirectories, ret_path, size, err);
}
