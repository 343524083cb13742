#include "base/runtime_dir.h"

#include "base/env.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_private_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077);
}

bool runtime_dir(bool make, char *ret_path, size_t size)
{
	const char *runtime = env_get("XDG_RUNTIME_DIR");

	if (!runtime || !is_private_directory(runtime))
		return false;
	int n = snprintf(ret_path, size, "%s/kimi", runtime);
	if (n < 0 || (size_t)n >= size)
		return false;
	if (!make)
		return is_private_directory(ret_path);
	/* The umask can have removed permissions that we need. */
	mkdir(ret_path, 0700);
	dir_set_mode(ret_path, 0700);
	return is_private_directory(ret_path);
}

static bool is_of_ended_process(const char *digits)
{
	if (!*digits || digits[strspn(digits, "0123456789")])
		return false;
	return kill((pid_t)strtol(digits, NULL, 10), 0) < 0 && errno == ESRCH;
}

bool runtime_dir_sweep(const char *prefix)
{
	char directory[1024];
	size_t len = strlen(prefix);
	bool swept = false;

	DIR *dir = runtime_dir(false, directory, sizeof(directory)) ? opendir(directory) : NULL;
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (strncmp(entry->d_name, prefix, len) == 0 && is_of_ended_process(entry->d_name + len))
			swept = unlinkat(dirfd(dir), entry->d_name, 0) == 0 || swept;
	if (dir)
		closedir(dir);
	return swept;
}
