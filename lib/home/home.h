/*
 * home: the directory that is shared with a chat client, and the choice between several.
 *
 * It knows the paths of all files, not their contents. The differences between clients are
 * in client.h.
 */
#ifndef KIMI_HOME_HOME_H
#define KIMI_HOME_HOME_H

#include "base/err.h"
#include "home/client.h"

#include <stdbool.h>
#include <stddef.h>

enum { HOME_PATH_MAX = 1024, HOME_HOST_MAX = 512, HOME_TAG_MAX = 20 };

struct home {
	const struct client *client;
	char directory[HOME_PATH_MAX -
	               384]; /* as in the variable, which may be relative; no slash at the end */
	/*
	 * The hosts that its config names for the login, if the client has slots; "": the
	 * default hosts.
	 */
	char oauth_host[HOME_HOST_MAX], base_url[HOME_HOST_MAX];
};

/*
 * The home of one client; it need not exist. Its hosts are empty (see config/hosts.h). -1
 * ERR_CONFIG: neither HOME nor the client's variable is set, or a path is too long.
 */
int home_of_client(struct home *ret_home, const struct client *client, struct err *err);

struct home_choice {
	const char *client; /* the option --client; NULL: not given */
	/*
	 * Whether the requested login is stored in that home; it may load the hosts.
	 * NULL: do not check.
	 */
	bool (*has_login)(struct home *home, void *context);
	void *context;
};

/*
 * The home of a command. The first match wins: that of --client or KIMI_CLIENT; the one
 * whose variable is set, if only one is; the only one that has the login; the only one that
 * exists. If several have it or exist, kimi-code's; if none exists, kimi-cli's. -1:
 * ERR_USAGE for an unknown client, else as home_of_client().
 */
int home_choose(struct home *ret_home, const struct home_choice *choice, struct err *err);

/*
 * The client that the user has named: with the option (NULL: not given), with KIMI_CLIENT,
 * or with the only home variable that is set. *ret_client NULL: none, so home_choose()
 * checks which home has the login. -1: ERR_USAGE for an unknown client. Does not need HOME.
 */
int home_find_client(const char *option, const struct client **ret_client, struct err *err);

/* The user has named a client, as above. */
bool home_is_named(const char *client);

/*
 * Whether a command needs --client to be sure to work in that client's home: without it,
 * another home would be chosen, or may be, since it has logins.
 */
bool home_needs_option(const struct client *client);

/*
 * The homes for a command about all logins: that of --client or KIMI_CLIENT, else all that
 * exist, but at least one. -1 as home_choose().
 */
int home_list(struct home ret_homes[CLIENTS], size_t *ret_count, const char *client, struct err *err);

/* The client's default home, without its variable. -1: HOME is not set or too long (ERR_CONFIG). */
int home_find_default(struct home *ret_home, const struct client *client, struct err *err);

/*
 * The suffix of this home's keyring items: "" for ~/.kimi, which shares its items with
 * kimi-cli, else "#" and a hash of the home's real path. Makes system calls only if the path
 * is not ~/.kimi.
 */
void home_keyring_tag(const struct home *home, char ret_tag[HOME_TAG_MAX]);

/*
 * Checks that the home may be written to; call it before sending or creating anything. The
 * directory, or the one it would be created in, must belong to the user and must not be
 * writable by everyone. -1 ERR_STORAGE.
 */
int home_check_writable(const struct home *home, struct err *err);

enum home_file {
	HOME_CREDENTIALS, /* the directory of the logins */
	HOME_CONFIG,
	HOME_CONFIG_LOCK,
	HOME_LEGACY_CONFIG,
	HOME_HISTORY,
	HOME_HISTORY_ASIDE, /* the previous one */
	HOME_HISTORY_LOCK,
	HOME_SHELL_HISTORY,
	HOME_DEVICE_ID,
	HOME_REGION,      /* written by the client's installer */
	HOME_HOSTS_INDEX, /* see config/hosts.h */
	HOME_FILES
};

/*
 * The paths below write into the caller's array of HOME_PATH_MAX bytes. They always fit,
 * because home.directory is shorter and a key is short (store.h).
 */
void home_path(const struct home *home, enum home_file file, char *ret_path);
void home_credentials_file(const struct home *home, const char *name, const char *suffix, char *ret_path);

/* The client itself has used this home: there are files that only it creates. */
bool home_is_shared(const struct home *home);

#endif
