/*
 * home: the directory that is shared with a chat client, and which one of several.
 *
 * Where every file lies, and nothing else: what is in them is the business of the
 * layers above. What sets the clients apart is in client.h.
 */
#ifndef KIMI_HOME_HOME_H
#define KIMI_HOME_HOME_H

#include "base/err.h"
#include "home/client.h"

#include <stdbool.h>
#include <stddef.h>

/* Longer paths than anyone has, and short enough that a login's four fit a few pages. */
enum { HOME_PATH_MAX = 1024, HOME_HOST_MAX = 512, HOME_TAG_MAX = 20 };

struct home {
	const struct client *client;
	char folder[HOME_PATH_MAX - 384]; /* absolute or as the variable has it; no slash at the end */
	/* The hosts that its config names for the login, where the client has slots; "": it names none. */
	char oauth_host[HOME_HOST_MAX], base_url[HOME_HOST_MAX];
};

/*
 * The home of one client; it need not exist. Its hosts are left empty, see
 * config/hosts.h. -1: neither HOME nor the client's variable is set, or a path is
 * too long (ERR_CONFIG).
 */
int home_of_client(struct home *ret_home, const struct client *client, struct err *err);

struct home_choice {
	const char *client; /* the option --client; NULL: not given */
	/* Whether the login that is asked for lies in that home, which it completes; NULL: no matter. */
	bool (*has_login)(struct home *home, void *context);
	void *context;
};

/*
 * The home a command works in, first match: that of --client or KIMI_CLIENT; the one
 * whose variable is set, if only one is; the one that has the login; the one that
 * exists; of two that have or are the same, kimi-code's; if there is none,
 * kimi-cli's. -1: ERR_USAGE for an unknown client, else as home_of_client().
 */
int home_choose(struct home *ret_home, const struct home_choice *choice, struct err *err);

/* The option (NULL: not given) or the environment names the client, so that no other home may be used. */
bool home_is_named(const char *client);

/*
 * The homes that a command over all logins covers: that of --client or KIMI_CLIENT,
 * else all that exist; at least one in any case. *ret_count of them. -1 likewise.
 */
int home_list(struct home ret_homes[CLIENTS], size_t *ret_count, const char *client, struct err *err);

/* The client's default home, whatever its variable says. -1: HOME is not set or too long (ERR_CONFIG). */
int home_find_default(struct home *ret_home, const struct client *client, struct err *err);

/*
 * What a keyring item of this home has behind its name: "" for ~/.kimi, whose items are kimi-cli's too, else "#" and a
 * hash of the home's real path. It costs system calls only where the home is not ~/.kimi by name.
 */
void home_keyring_tag(const struct home *home, char ret_tag[HOME_TAG_MAX]);

/*
 * Whether something may be written there: to be called before anything is sent or made. The folder, or the one it would be
 * made in, must be the user's own, and not open to writing by all others. -1 ERR_STORAGE.
 */
int home_check_writable(const struct home *home, struct err *err);

/*
 * Paths below it, into the caller's array of HOME_PATH_MAX bytes. They always
 * fit: home_find() left room, and a key is short (store.h).
 */
void home_credentials_folder(const struct home *home, char *ret_path);
void home_credentials_file(const struct home *home, const char *name, const char *suffix, char *ret_path);
void home_config_file(const struct home *home, char *ret_path);
void home_config_lock(const struct home *home, char *ret_path);
void home_legacy_config_file(const struct home *home, char *ret_path);
void home_history_file(const struct home *home, char *ret_path);
void home_history_aside(const struct home *home, char *ret_path); /* the one before */
void home_history_lock(const struct home *home, char *ret_path);
void home_shell_history_file(const struct home *home, char *ret_path);
void home_device_id_file(const struct home *home, char *ret_path);
void home_region_file(
    const struct home *home, char *ret_path); /* a marker, which the client's installer leaves */
void home_hosts_index(const struct home *home, char *ret_path); /* see config/hosts.h */

/* Its client has lived here: it left files that only it writes. */
bool home_is_shared(const struct home *home);

#endif
