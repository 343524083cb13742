/*
 * home: the folder that is shared with kimi-cli, described in one place.
 *
 * Where every file lies, and nothing else: what is in them is other rooms'
 * business. $KIMI_SHARE_DIR, else ~/.kimi.
 */
#ifndef KIMI_HOME_HOME_H
#define KIMI_HOME_HOME_H

#include "base/err.h"

/* Longer paths than anyone has, and short enough that a login's four fit a few pages. */
enum { HOME_PATH_MAX = 1024 };

struct home {
	char folder[HOME_PATH_MAX - 384]; /* absolute or as the variable has it; no slash at the end */
};

/* Finds the folder; it need not exist. -1: neither HOME nor KIMI_SHARE_DIR is set, or a path is too long (ERR_CONFIG). */
int home_find(struct home *home, struct err *err);

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

/* kimi-cli has lived here: it left files that only it writes. */
int home_is_shared(const struct home *home);

#endif
