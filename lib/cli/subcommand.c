#include "cli/subcommand.h"

#include "base/env.h"
#include "base/exec_path.h"
#include "base/memory.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "kimi-";
static const char usual_path[] = "/usr/local/bin:/usr/bin:/bin";

enum { MAX_DIRECTORY = 3072 };

/* Walks over the directories of the exec path, then those of PATH. */
struct walk {
	unsigned at;      /* in the exec path */
	const char *rest; /* of PATH; NULL until the exec path is done */
};

static bool next_directory(struct walk *walk, char ret_directory[MAX_DIRECTORY])
{
	if (!walk->rest && exec_path_directory(&walk->at, ret_directory, MAX_DIRECTORY))
		return true;
	if (!walk->rest)
		walk->rest = env_get("PATH") ? env_get("PATH") : usual_path;
	while (*walk->rest) {
		size_t len = strcspn(walk->rest, ":");
		const char *directory = walk->rest;
		walk->rest += len + (walk->rest[len] == ':');
		if (len && len < MAX_DIRECTORY) { /* skip empty parts, which mean the current directory */
			snprintf(ret_directory, MAX_DIRECTORY, "%.*s", (int)len, directory);
			return true;
		}
	}
	return false;
}

/* ENOENT for an existing script: its interpreter does not exist. */
static int cannot_run(struct err *err, const char *path)
{
	const char *hint =
	    errno == ENOENT || errno == ENOEXEC
	        ? "the first line of a script must name an installed interpreter, such as #!/bin/sh"
	        : "try again with fewer arguments";

	return err_errno(err, ERR_FAILED, hint, "cannot run %s", path);
}

int subcommand_exec(const char *sub, char **argv, struct err *err)
{
	char directory[MAX_DIRECTORY], path[MAX_DIRECTORY + 512];
	struct walk walk = {0};
	char *as_typed = argv[0];

	if (!*sub || strchr(sub, '/') || strlen(sub) > 200)
		return 1;
	while (next_directory(&walk, directory)) {
		text_join(path, sizeof(path), (const char *const[]){directory, "/", prefix, sub, NULL});
		argv[0] = path;
		execv(path, argv);
		argv[0] = as_typed;
		/* EACCES: a directory, or a file that is not executable; look further. */
		bool missing = errno == ENOTDIR || (errno == ENOENT && access(path, F_OK) != 0);
		if (errno != EACCES && !missing)
			return cannot_run(err, path);
	}
	return 1;
}

struct names {
	char **list;
	size_t count, capacity;
};

static void subcommand_add_name(struct names *names, const char *name)
{
	if (names->count == names->capacity) {
		names->capacity = names->capacity ? names->capacity * 2 : 32;
		names->list = memory_resize(names->list, names->capacity * sizeof(*names->list));
	}
	names->list[names->count++] = memory_copy(name);
}

/* Skips names with characters that are special in a shell: the list is used for completion. */
static void add_directory(struct names *names, const char *directory)
{
	DIR *dir = opendir(directory);
	struct stat st;

	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) == 0 &&
		    text_is_shell_safe(entry->d_name + sizeof(prefix) - 1) &&
		    fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
		    faccessat(dirfd(dir), entry->d_name, X_OK, 0) == 0)
			subcommand_add_name(names, entry->d_name + sizeof(prefix) - 1);
	}
	closedir(dir);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **subcommand_list(void)
{
	struct names names = {0};
	struct walk walk = {0};
	char directory[MAX_DIRECTORY];

	while (next_directory(&walk, directory))
		add_directory(&names, directory);
	if (!names.count)
		return memory_take_zeroed(1, sizeof(*names.list));
	qsort(names.list, names.count, sizeof(*names.list), by_name);
	size_t kept = 0;
	for (size_t i = 0; i < names.count; i++) {
		if (kept && strcmp(names.list[kept - 1], names.list[i]) == 0)
			free(names.list[i]);
		else
			names.list[kept++] = names.list[i];
	}
	names.list = memory_resize(names.list, (kept + 1) * sizeof(*names.list));
	names.list[kept] = NULL;
	return names.list;
}

void subcommand_free(char **names)
{
	for (char **name = names; *name; name++)
		free(*name);
	free(names);
}
