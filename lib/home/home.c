#include "home/home.h"

#include "base/env.h"
#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int home_take_directory(
    struct home *home, const char *const parts[], const char *variable, struct err *err)
{
	if (!text_join(home->directory, sizeof(home->directory), parts))
		return err_set(err, ERR_CONFIG, "use a shorter one", "the path in %s is too long", variable);
	size_t n = strlen(home->directory);
	while (n > 1 && home->directory[n - 1] == '/')
		home->directory[--n] = '\0';
	return 0;
}

int home_find_default(struct home *ret_home, const struct client *client, struct err *err)
{
	const char *user = env_get("HOME");
	char hint[120];

	*ret_home = (struct home){.client = client};
	if (!user) {
		snprintf(hint, sizeof(hint), "set HOME, or %s to the home directory of %s",
		    client->home_variable, client->program);
		return err_set(err, ERR_CONFIG, hint, "HOME is not set");
	}
	return home_take_directory(
	    ret_home, (const char *const[]){user, "/", client->home_default, NULL}, "HOME", err);
}

/* The path is the directory or inside it. */
static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '/' || !path[len]);
}

/* For hints about files: the environment variable of the home that contains the path. */
static const char *home_variable_of(const char *path)
{
	struct home home;

	for (size_t i = 0; clients[i]; i++) {
		if (home_of_client(&home, clients[i], NULL) == 0 && is_below(path, home.directory))
			return clients[i]->home_variable;
	}
	return NULL;
}

int home_of_client(struct home *ret_home, const struct client *client, struct err *err)
{
	const char *own = env_get(client->home_variable);

	file_variable_of = home_variable_of;
	if (!own)
		return home_find_default(ret_home, client, err);
	*ret_home = (struct home){.client = client};
	return home_take_directory(ret_home, (const char *const[]){own, NULL}, client->home_variable, err);
}

/* The client that the option or KIMI_CLIENT names. *ret_client NULL: none. -1: it is unknown. */
static int home_named_client(const char *name, const struct client **ret_client, struct err *err)
{
	*ret_client = NULL;
	if (!name)
		name = env_get("KIMI_CLIENT");
	if (!name)
		return 0;
	*ret_client = client_find(name, err);
	return *ret_client ? 0 : -1;
}

/* The client whose variable is set, if no other's is. */
static const struct client *home_client_of_variable(void)
{
	const struct client *found = NULL;

	for (size_t i = 0; clients[i]; i++) {
		if (!env_get(clients[i]->home_variable))
			continue;
		if (found)
			return NULL;
		found = clients[i];
	}
	return found;
}

int home_find_client(const char *option, const struct client **ret_client, struct err *err)
{
	if (home_named_client(option, ret_client, err) < 0)
		return -1;
	if (!*ret_client)
		*ret_client = home_client_of_variable();
	return 0;
}

bool home_is_named(const char *client)
{
	return client || env_get("KIMI_CLIENT") || home_client_of_variable();
}

static bool home_exists(const struct home *home)
{
	return access(home->directory, F_OK) == 0;
}

/* The first of the existing homes that has the login, else the first one. */
static void home_choose_existing(
    struct home *ret_home, struct home homes[], size_t count, const struct home_choice *choice)
{
	size_t chosen = 0;

	while (choice->has_login && chosen < count && !choice->has_login(&homes[chosen], choice->context))
		chosen++;
	if (chosen == count)
		chosen = 0;
	*ret_home = homes[chosen];
}

int home_choose(struct home *ret_home, const struct home_choice *choice, struct err *err)
{
	struct home homes[CLIENTS];
	size_t count = 0;
	const struct client *client;

	if (home_find_client(choice->client, &client, err) < 0)
		return -1;
	/* The last client is the default, so its home need not exist. */
	for (size_t i = 0; !client && clients[i]; i++) {
		if (!clients[i + 1] && count == 0)
			client = clients[i];
		else if (home_of_client(&homes[count], clients[i], NULL) == 0 && home_exists(&homes[count]))
			count++;
	}
	if (client)
		return home_of_client(ret_home, client, err);
	if (count == 1)
		*ret_home = homes[0];
	else
		home_choose_existing(ret_home, homes, count, choice);
	return 0;
}

/* For home_choose(): whether there are tokens of any login, or metadata that says where they are. */
static bool home_has_any_login(struct home *home, void *context)
{
	char path[HOME_PATH_MAX];
	bool found = false;

	(void)context;
	home_path(home, HOME_CREDENTIALS, path);
	DIR *dir = opendir(path);
	for (struct dirent *entry; !found && dir && (entry = readdir(dir));) {
		const char *dot = strrchr(entry->d_name, '.');
		found = dot && (strcmp(dot, ".json") == 0 || strcmp(dot, ".state") == 0);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool home_needs_option(const struct client *client)
{
	const struct home_choice choice = {.has_login = home_has_any_login};
	struct home home;

	if (home_choose(&home, &choice, NULL) < 0 || home.client != client)
		return true;
	for (size_t i = 0; clients[i] && !home_is_named(NULL); i++)
		if (clients[i] != client && home_of_client(&home, clients[i], NULL) == 0 &&
		    home_has_any_login(&home, NULL))
			return true;
	return false;
}

/* One directory may be the home of both clients, by a link or by the variables. */
static bool home_is_among(const struct home *home, const struct home homes[], size_t count)
{
	struct stat one, other;

	for (size_t i = 0; i < count; i++)
		if (stat(home->directory, &one) == 0 && stat(homes[i].directory, &other) == 0 &&
		    one.st_dev == other.st_dev && one.st_ino == other.st_ino)
			return true;
	return false;
}

int home_list(struct home ret_homes[CLIENTS], size_t *ret_count, const char *client_name, struct err *err)
{
	const struct client *client;

	*ret_count = 0;
	if (home_named_client(client_name, &client, err) < 0)
		return -1;
	for (size_t i = 0; !client && clients[i]; i++) {
		struct home *home = &ret_homes[*ret_count];
		if (home_of_client(home, clients[i], NULL) == 0 && home_exists(home) &&
		    !home_is_among(home, ret_homes, *ret_count))
			(*ret_count)++;
	}
	if (*ret_count)
		return 0;
	const struct home_choice choice = {.client = client_name};
	*ret_count = 1;
	return home_choose(&ret_homes[0], &choice, err);
}

int home_check_writable(const struct home *home, struct err *err)
{
	struct stat st;

	if (stat(home->directory, &st) < 0)
		return dir_check_above(home->directory, err);
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_STORAGE, "move it out of the way", "%s is not a directory", home->directory);
	if (st.st_uid != geteuid())
		return dir_refuse_owner(home->directory, st.st_uid, err);
	if (st.st_mode & S_IWOTH)
		return err_set(err, ERR_STORAGE,
		    "run 'chmod o-w' on it, and check that the files in it are yours",
		    "all users can write to the directory %s (mode %03o)", home->directory,
		    (unsigned)st.st_mode & 0777);
	return 0;
}

void home_keyring_tag(const struct home *home, char ret_tag[HOME_TAG_MAX])
{
	char real[PATH_MAX], default_real[PATH_MAX];
	struct home usual;
	bool has_default = home_find_default(&usual, &client_kimi_cli, NULL) == 0;

	*ret_tag = '\0';
	if (has_default && strcmp(home->directory, usual.directory) == 0)
		return;
	if (!realpath(home->directory, real))
		snprintf(real, sizeof(real), "%s", home->directory); /* it does not exist yet */
	else if (has_default && realpath(usual.directory, default_real) && strcmp(real, default_real) == 0)
		return;
	/* It need not be hard to reverse, because it only tells a user's own homes apart. */
	snprintf(ret_tag, HOME_TAG_MAX, "#%016" PRIx64, text_fingerprint(real));
}

static void home_below(const struct home *home, const char *name, char *ret_path)
{
	text_join(ret_path, HOME_PATH_MAX, (const char *const[]){home->directory, "/", name, NULL});
}

void home_path(const struct home *home, enum home_file file, char *ret_path)
{
	static const char *const names[HOME_FILES] = {
	    [HOME_CREDENTIALS] = "credentials",
	    [HOME_CONFIG] = "config.toml",
	    [HOME_CONFIG_LOCK] = "config.toml.lock",
	    [HOME_LEGACY_CONFIG] = "config.json",
	    [HOME_HISTORY] = "history.jsonl",
	    [HOME_HISTORY_ASIDE] = "history.jsonl.1",
	    [HOME_HISTORY_LOCK] = "history.jsonl.lock",
	    [HOME_SHELL_HISTORY] = "shell_history",
	    [HOME_DEVICE_ID] = "device_id",
	    [HOME_REGION] = "region",
	    [HOME_HOSTS_INDEX] = "credentials/hosts.index",
	};

	home_below(home, names[file], ret_path);
}

void home_credentials_file(const struct home *home, const char *name, const char *suffix, char *ret_path)
{
	text_join(ret_path, HOME_PATH_MAX,
	    (const char *const[]){home->directory, "/credentials/", name, ".", suffix, NULL});
}

bool home_is_shared(const struct home *home)
{
	char path[HOME_PATH_MAX];

	for (const char *const *trace = home->client->traces; *trace; trace++) {
		home_below(home, *trace, path);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}
