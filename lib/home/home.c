#include "home/home.h"

#include "base/env.h"
#include "base/text.h"

#include <string.h>
#include <unistd.h>

int home_find(struct home *home, struct err *err)
{
	const char *share = env_get("KIMI_SHARE_DIR"), *user = env_get("HOME");

	if (!share && !user)
		return err_set(err, ERR_CONFIG,
		    "set HOME, or KIMI_SHARE_DIR to the folder that holds the login", "HOME is not set");
	if (!text_join(home->folder, sizeof(home->folder),
	        share ? (const char *const[]){share, NULL} : (const char *const[]){user, "/.kimi", NULL}))
		return err_set(err, ERR_CONFIG, "use a shorter one", "the path in %s is too long",
		    share ? "KIMI_SHARE_DIR" : "HOME");
	size_t n = strlen(home->folder);
	while (n > 1 && home->folder[n - 1] == '/')
		home->folder[--n] = '\0';
	return 0;
}

static void below(const struct home *home, const char *name, char *ret_path)
{
	text_join(ret_path, HOME_PATH_MAX, (const char *const[]){home->folder, "/", name, NULL});
}

void home_credentials_folder(const struct home *home, char *ret_path)
{
	below(home, "credentials", ret_path);
}

void home_credentials_file(const struct home *home, const char *name, const char *suffix, char *ret_path)
{
	text_join(ret_path, HOME_PATH_MAX,
	    (const char *const[]){home->folder, "/credentials/", name, ".", suffix, NULL});
}

void home_config_file(const struct home *home, char *ret_path)
{
	below(home, "config.toml", ret_path);
}

void home_config_lock(const struct home *home, char *ret_path)
{
	below(home, "config.toml.lock", ret_path);
}

void home_legacy_config_file(const struct home *home, char *ret_path)
{
	below(home, "config.json", ret_path);
}

void home_history_file(const struct home *home, char *ret_path)
{
	below(home, "history.jsonl", ret_path);
}

void home_history_aside(const struct home *home, char *ret_path)
{
	below(home, "history.jsonl.1", ret_path);
}

void home_history_lock(const struct home *home, char *ret_path)
{
	below(home, "history.jsonl.lock", ret_path);
}

void home_shell_history_file(const struct home *home, char *ret_path)
{
	below(home, "shell_history", ret_path);
}

void home_device_id_file(const struct home *home, char *ret_path)
{
	below(home, "device_id", ret_path);
}

int home_is_shared(const struct home *home)
{
	static const char *const traces[] = {"kimi.json", "sessions"};
	char path[HOME_PATH_MAX];

	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		below(home, traces[i], path);
		if (access(path, F_OK) == 0)
			return 1;
	}
	return 0;
}
