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
	for (const struct toml_node *node = config_first_provider(config); node; node = toml_next(node)) {
		const char *key = config_member_text(node, "api_key");
		if (key && *key)
			return true;
	}
	return false;
}

static void check_permissions(const struct home *home, const struct toml *config, struct problems *problems)
{
	char path[HOME_PATH_MAX];
	struct err err;
	struct stat st;

	if (home_check_writable(home, &err) < 0)
		problem_add_err(problems, "home", &err);

	home_path(home, HOME_CONFIG, path);
	if (config && stat(path, &st) == 0 && (st.st_mode & 077) && has_api_key(config))
		problem_add(problems, "rights", "run 'chmod 600' on it; anyone who read the key can use it",
		    "%s holds an API key and can be read by others (mode %03o)", path,
		    (unsigned)st.st_mode & 0777);
	home_path(home, HOME_CREDENTIALS, path);
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

/* The client that a program belongs to, by its path or its script. NULL: unknown. */
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

void checks_path(struct problems *problems)
{
	char found[3072], ours[3072], remedy[256], whose[64] = "another program";
	struct stat st, own;

	if (!first_on_path(found, sizeof(found), &st) ||
	    exec_path_find("kimi", ours, sizeof(ours), NULL) < 0 || stat(ours, &own) < 0 ||
	    (st.st_dev == own.st_dev && st.st_ino == own.st_ino))
		return;
	const struct client *client = client_of_program(found);
	if (client)
		snprintf(whose, sizeof(whose), "the program of %s", client->program);
	*strrchr(ours, '/') = '\0';
	snprintf(
	    remedy, sizeof(remedy), "put %.160s before it, or run kimi-token, kimi-status and so on", ours);
	problem_add(problems, "path", remedy, "'kimi' is %s here: %.400s comes first on PATH", whose, found);
}

/* Whether the client has a home in use, or its program is the first `kimi` on PATH. */
static bool is_installed(const struct home *home)
{
	char path[3072];
	struct stat st;

	if (home_is_shared(home))
		return true;
	return first_on_path(path, sizeof(path), &st) && client_of_program(path) == home->client;
}

void checks_clients(const struct status_list *list, struct problems *problems)
{
	struct home home;
	char remedy[80];

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].account.home->client == &client_kimi_code)
			return;
	/* Without any login, status says only that. */
	if (!list->count || home_of_client(&home, &client_kimi_code, NULL) < 0 || !is_installed(&home))
		return;
	snprintf(remedy, sizeof(remedy), "run 'kimi login --client %s'", home.client->name);
	problem_add(problems, "client_login", remedy,
	    "%s is installed, and its home %.400s has no login; it does not see those of other clients",
	    home.client->program, home.directory);
}

void checks_config(const struct home *home, struct toml **ret_config, struct problems *problems)
{
	struct err err;

	*ret_config = NULL;
	int result = config_file_read(home, ret_config, &err);
	if (result < 0)
		problem_add_err(problems, NULL, &err);
	check_permissions(home, *ret_config, problems);
	if (result == 0) /* last, because it may fill the list */
		config_check(home, *ret_config, problems);
}
