#include "home/home.h"

#include "base/env.h"
#include "base/file.h"
#include "base/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int home_take_folder(
    struct home *home, const char *const parts[], const char *variable, struct err *err)
{
	if (!text_join(home->folder, sizeof(home->folder), parts))
		return err_set(err, ERR_CONFIG, "use a shorter one", "the path in %s is too long", variable);
	size_t n = strlen(home->folder);
	while (n > 1 && home->folder[n - 1] == '/')
		home->folder[--n] = '\0';
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
	return home_take_folder(
	    ret_home, (const char *const[]){user, "/", client->home_default, NULL}, "HOME", err);
}

/* The path is the folder, or lies below it. */
static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && (path[len] == '/' || !path[len]);
}

/* For advice about files: the variable of the client's home that a path lies in. */
static const char *home_variable_of(const char *path)
{
	struct home home;

	for (size_t i = 0; clients[i]; i++) {
		if (home_of_client(&home, clients[i], NULL) == 0 && is_below(path, home.folder))
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
	return home_take_folder(ret_home, (const char *const[]){own, NULL}, client->home_variable, err);
}

/* The client that was named. NULL with *ret_failed false: none was. */
static const struct client *home_named_client(const char *option, bool *ret_failed, struct err *err)
{
	const char *name = option;
	const struct client *client = NULL;

	if (!name)
		name = env_get("KIMI_CLIENT");
	if (name)
		client = client_find(name, err);
	*ret_failed = name && !client;
	return client;
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

bool home_is_named(const char *client)
{
	return client || env_get("KIMI_CLIENT") || home_client_of_variable();
}

static bool home_exists(const struct home *home)
{
	return access(home->folder, F_OK) == 0;
}

/* Of several that exist, the first that has the login, else the first. */
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
	bool failed;
	const struct client *client = home_named_client(choice->client, &failed, err);

	if (failed)
		return -1;
	if (!client)
		client = home_client_of_variable();
	/* The last one is the default: it need not exist. */
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

int home_list(struct home ret_homes[CLIENTS], size_t *ret_count, const char *client_name, struct err *err)
{
	bool failed;
	const struct client *client = home_named_client(client_name, &failed, err);

	*ret_count = 0;
	if (failed)
		return -1;
	for (size_t i = 0; !client && clients[i]; i++) {
		struct home *home = &ret_homes[*ret_count];
		if (home_of_client(home, clients[i], NULL) == 0 && home_exists(home))
			(*ret_count)++;
	}
	if (*ret_count)
		return 0;
	const struct home_choice choice = {.client = client_name};
	*ret_count = 1;
	return home_choose(&ret_homes[0], &choice, err);
}

static int home_refuse_owner(const char *path, unsigned long owner, struct err *err)
{
	char todo[160] = "run the command as that user, or change the directory's owner back";

	if (geteuid() == 0)
		snprintf(todo, sizeof(todo), "run it as that user: sudo -u '#%lu' kimi ...", owner);
	return err_set(err, ERR_STORAGE, todo, "%s belongs to another user (uid %lu)", path, owner);
}

/* Root would leave files that their user can neither read nor replace. */
static int check_parent(const struct home *home, struct err *err)
{
	char path[sizeof(home->folder)];
	struct stat st;

	if (geteuid() != 0)
		return 0;
	text_join(path, sizeof(path), (const char *const[]){home->folder, NULL});
	for (char *slash; (slash = strrchr(path, '/')) && slash > path;) {
		*slash = '\0';
		if (stat(path, &st) == 0)
			return st.st_uid == 0 ? 0 : home_refuse_owner(path, st.st_uid, err);
	}
	return 0;
}

int home_check_writable(const struct home *home, struct err *err)
{
	struct stat st;

	if (stat(home->folder, &st) < 0)
		return check_parent(home, err);
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_STORAGE, "move it out of the way", "%s is not a directory", home->folder);
	if (st.st_uid != geteuid())
		return home_refuse_owner(home->folder, st.st_uid, err);
	if (st.st_mode & S_IWOTH)
		return err_set(err, ERR_STORAGE,
		    "run 'chmod o-w' on it, and check that the files in it are yours",
		    "all users can write to the directory %s (mode %03o)", home->folder,
		    (unsigned)st.st_mode & 0777);
	return 0;
}

/* FNV-1a. Nothing depends on its being hard to reverse: it only tells a user's own homes apart. */
static uint64_t home_hash(const char *text)
{
	uint64_t value = 0xcbf29ce484222325;

	for (; *text; text++)
		value = (value ^ (unsigned char)*text) * 0x100000001b3;
	return value;
}

void home_keyring_tag(const struct home *home, char ret_tag[HOME_TAG_MAX])
{
	char real[PATH_MAX], default_real[PATH_MAX];
	struct home usual;
	bool has_default = home_find_default(&usual, &client_kimi_cli, NULL) == 0;

	*ret_tag = '\0';
	if (has_default && strcmp(home->folder, usual.folder) == 0)
		return;
	if (!realpath(home->folder, real))
		snprintf(real, sizeof(real), "%s", home->folder); /* nothing is stored for it yet */
	else if (has_default && realpath(usual.folder, default_real) && strcmp(real, default_real) == 0)
		return;
	snprintf(ret_tag, HOME_TAG_MAX, "#%016" PRIx64, home_hash(real));
}

static void home_below(const struct home *home, const char *name, char *ret_path)
{
	text_join(ret_path, HOME_PATH_MAX, (const char *const[]){home->folder, "/", name, NULL});
}

void home_credentials_folder(const struct home *home, char *ret_path)
{
	home_below(home, "credentials", ret_path);
}

void home_credentials_file(const struct home *home, const char *name, const char *suffix, char *ret_path)
{
	text_join(ret_path, HOME_PATH_MAX,
	    (const char *const[]){home->folder, "/credentials/", name, ".", suffix, NULL});
}

void home_config_file(const struct home *home, char *ret_path)
{
	home_below(home, "config.toml", ret_path);
}

void home_config_lock(const struct home *home, char *ret_path)
{
	home_below(home, "config.toml.lock", ret_path);
}

void home_legacy_config_file(const struct home *home, char *ret_path)
{
	home_below(home, "config.json", ret_path);
}

void home_history_file(const struct home *home, char *ret_path)
{
	home_below(home, "history.jsonl", ret_path);
}

void home_history_aside(const struct home *home, char *ret_path)
{
	home_below(home, "history.jsonl.1", ret_path);
}

void home_history_lock(const struct home *home, char *ret_path)
{
	home_below(home, "history.jsonl.lock", ret_path);
}

void home_shell_history_file(const struct home *home, char *ret_path)
{
	home_below(home, "shell_history", ret_path);
}

void home_hosts_index(const struct home *home, char *ret_path)
{
	home_below(home, "credentials/hosts.index", ret_path);
}

void home_region_file(const struct home *home, char *ret_path)
{
	home_below(home, "region", ret_path);
}

void home_device_id_file(const struct home *home, char *ret_path)
{
	home_below(home, "device_id", ret_path);
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
