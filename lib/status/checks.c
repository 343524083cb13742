#include "status/checks.h"

#include "base/env.h"
#include "base/exec_path.h"
#include "config/check.h"
#include "config/file.h"
#include "config/view.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_api_key(const struct toml *config)
{
	const struct toml_node *providers = toml_member(toml_root(config), "providers");

	if (!providers || toml_kind(providers) != TOML_TABLE)
		return false;
	for (const struct toml_node *node = toml_first(providers); node; node = toml_next(node)) {
		const char *key = config_member_text(node, "api_key");
		if (key && *key)
			return true;
	}
	return false;
}

static void check_rights(const struct home *home, const struct toml *config, struct problems *problems)
{
	char path[HOME_PATH_MAX];
	struct err err;
	struct stat st;

	if (home_check_writable(home, &err) < 0)
		problem_add_err(problems, "home", &err);

	home_config_file(home, path);
	if (config && stat(path, &st) == 0 && (st.st_mode & 077) && has_api_key(config))
		problem_add(problems, "rights", "run 'chmod 600' on it; anyone who read the key can use it",
		    "%s holds an API key and can be read by others (mode %03o)", path,
		    (unsigned)st.st_mode & 0777);
	home_credentials_folder(home, path);
	if (stat(path, &st) == 0 && (st.st_mode & 022))
		problem_add(problems, "rights", "run 'chmod 700' on it",
		    "others can write to the directory %s (mode %03o)", path, (unsigned)st.st_mode & 0777);
}

/* The first `kimi` on PATH, as a shell finds it. */
static bool first_on_path(char *ret_path, size_t size, struct stat *ret_stat)
{
	for (const char *rest = env_get("PATH"); rest && *rest;) {
		size_t len = strcspn(rest, ":");
		int n = snprintf(ret_path, size, "%.*s/kimi", (int)len, rest);
		rest += len + (rest[len] == ':');
		if (len && n > 0 && (size_t)n < size && stat(ret_path, ret_stat) == 0 &&
		    S_ISREG(ret_stat->st_mode) && access(ret_path, X_OK) == 0)
			return true;
	}
	return false;
}

/* The client whose program it is: a script or a package that names it. NULL: none of them. */
static const struct client *client_of_program(const char *path)
{
	char real[PATH_MAX], head[4096];
	const struct client *client = NULL;

	if (realpath(path, real) &&
	    (strstr(real, "/.kimi-code/") || strstr(real, "/@moonshot-ai/kimi-code/")))
		return &client_kimi_code;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, head, sizeof(head));
	if (len > 0 && memmem(head, (size_t)len, "kimi_cli", strlen("kimi_cli")))
		client = &client_kimi_cli;
	if (fd >= 0)
		close(fd);
	return client;
}

void surroundings_check_path(struct problems *problems)
{
	char found[3072], ours[3072], remedy[256], whose[64] = "another program";
	struct stat st, own;

	if (!first_on_path(found, sizeof(found), &st) || sibling_find("kimi", ours, sizeof(ours), NULL) < 0 ||
	    stat(ours, &own) < 0 || (st.st_dev == own.st_dev && st.st_ino == own.st_ino))
		return;
	const struct client *client = client_of_program(found);
	if (client)
		snprintf(whose, sizeof(whose), "the program of %s", client->program);
	*strrchr(ours, '/') = '\0';
	snprintf(
	    remedy, sizeof(remedy), "put %.160s before it, or run kimi-token, kimi-status and so on", ours);
	problem_add(problems, "path", remedy, "'kimi' is %s here: %.400s comes first on PATH", whose, found);
}

/* Its program is the first `kimi` on PATH, or it has left its traces. */
static bool is_installed(const struct home *home)
{
	char path[3072];
	struct stat st;

	if (home_is_shared(home))
		return true;
	return first_on_path(path, sizeof(path), &st) && client_of_program(path) == home->client;
}

void surroundings_check_clients(const struct status_list *list, struct problems *problems)
{
	struct home home;
	char remedy[80];

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].home->client == &client_kimi_code)
			return;
	/* Where there is no login at all, that is what is said. */
	if (!list->count || home_of_client(&home, &client_kimi_code, NULL) < 0 || !is_installed(&home))
		return;
	snprintf(remedy, sizeof(remedy), "run 'kimi login --client %s'", home.client->name);
	problem_add(problems, "client_login", remedy,
	    "%s is installed, and its home %.400s has no login; it does not see those of other clients",
	    home.client->program, home.folder);
}

void surroundings_check(const struct home *home, struct toml **ret_config, struct problems *problems)
{
	struct err err;

	*ret_config = NULL;
	int answer = config_file_read(home, ret_config, &err);
	if (answer < 0)
		problem_add_err(problems, NULL, &err);
	check_rights(home, *ret_config, problems);
	if (answer == 0) /* last, since it may fill the list */
		config_check(home, *ret_config, problems);
}
