#include "auth/api_key.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/text.h"
#include "config/file.h"
#include "config/view.h"

#include <string.h>

enum { LONGEST_KEY = 8192 };

int api_key_is_valid(const char *key)
{
	return *key && strlen(key) <= LONGEST_KEY && text_is_plain(key);
}

static int copy(const char *key, char **ret_key, struct err *err)
{
	*ret_key = strdup(key);
	return *ret_key ? 0 : err_memory(err);
}

int api_key_of_config(
    const struct home *home, const struct platform *platform, char **ret_key, struct err *err)
{
	struct toml *config = NULL;
	int answer = config_file_read(home, &config, err);

	if (answer == 0) {
		const char *key = config_api_key(config, platform);
		answer = key && api_key_is_valid(key) ? copy(key, ret_key, err) : 1;
	}
	toml_free(config);
	return answer;
}

bool api_key_is_stored(const struct home *home, const struct platform *only)
{
	bool found = false;

	for (const struct platform *p = platforms; p->id; p++) {
		char *key = NULL;
		if ((!only || only == p) && api_key_of_config(home, p, &key, NULL) == 0)
			found = true;
		wipe_str(key);
	}
	return found;
}

int api_key_of_environment(char **ret_key, struct err *err)
{
	const char *key = env_get("KIMI_API_KEY");

	if (!key)
		return 1;
	if (!api_key_is_valid(key))
		return err_set(err, ERR_CONFIG, "set it to the key alone", "KIMI_API_KEY is not a key");
	return copy(key, ret_key, err);
}
