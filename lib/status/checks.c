#include "status/checks.h"

#include "base/env.h"
#include "base/exec_path.h"
#include "config/check.h"
#include "config/file.h"
#include "config/view.h"

#include <stdbool.h>
#include <stdio.h>
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

static void check_path(struct problems *problems)
{
	char found[3072], ours[3072];
	struct stat st, own;

	if (!first_on_path(found, sizeof(found), &st) || sibling_find("kimi", ours, sizeof(ours), NULL) < 0 ||
	    stat(ours, &own) < 0 || (st.st_dev == own.st_dev && st.st_ino == own.st_ino))
		return;
	char *slash = strrchr(ours, '/');
	char remedy[256];
	*slash = '\0';
	snprintf(
	    remedy, sizeof(remedy), "put %.160s before it, or run kimi-token, kimi-status and so on", ours);
	problem_add(
	    problems, "path", remedy, "'kimi' is another program here: %.400s comes first on PATH", found);
}

void surroundings_check(const struct home *home, struct toml **ret_config, struct problems *problems)
{
	struct err err;

	*ret_config = NULL;
	int answer = config_file_read(home, ret_config, &err);
	if (answer < 0)
		problem_add_err(problems, NULL, &err);
	check_rights(home, *ret_config, problems);
	check_path(problems);
	if (answer == 0) /* last, since it may fill the list */
		config_check(home, *ret_config, problems);
}
