#include "auth/api_key.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/file.h"
#include "config/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_KEY = 8192, MAX_VARIABLE = 256 * 1024 };

int api_key_is_valid(const char *key)
{
	return *key && strlen(key) <= LONGEST_KEY && text_is_plain(key);
}

/* NULL: no key, or one that cannot be sent. */
static const char *api_key_configured(
    const struct home *home, const struct toml *config, const struct platform *platform)
{
	const char *key = config_api_key(home, config, platform);

	if (!key || !api_key_is_valid(key))
		return NULL;
	return key;
}

int api_key_of_config(const struct home *home, const struct toml *config, const struct platform *platform,
    char **ret_key, struct err *err)
{
	struct toml *read = NULL;
	int result = 0;

	if (!config)
		result = config_file_read(home, &read, err);
	if (result == 0) {
		const char *key = api_key_configured(home, config ? config : read, platform);
		if (key)
			*ret_key = memory_copy(key);
		else
			result = 1;
	}
	toml_free(read);
	return result;
}

bool api_key_is_stored(const struct home *home, const struct platform *only)
{
	struct toml *config = NULL;
	bool found = false;

	if (config_file_read(home, &config, NULL) != 0)
		return false;
	for (const struct platform *p = platforms; p->id; p++)
		if ((!only || only == p) && api_key_configured(home, config, p))
			found = true;
	toml_free(config);
	return found;
}

int api_key_of_environment(char **ret_key, struct err *err)
{
	const char *value = env_get("KIMI_API_KEY");
	struct buf key;
	int result = 0;

	if (!value || api_key_variable_is_token())
		return 1;
	buf_init_secret(&key, MAX_VARIABLE);
	buf_addstr(&key, value);
	text_trim_input(&key);
	if (key.failed || !api_key_is_valid(key.data))
		result = err_set(err, ERR_CONFIG, "set it to the key only", "KIMI_API_KEY is not an API key");
	else
		*ret_key = memory_copy(key.data);
	buf_release(&key);
	return result;
}

static const char mark_variable[] = "KIMI_API_KEY_IS_TOKEN";
enum { MARK_SIZE = 17 };

static void mark_of(const char *token, char ret_mark[MARK_SIZE])
{
	snprintf(ret_mark, MARK_SIZE, "%016" PRIx64, text_fingerprint(token));
}

bool api_key_variable_is_token(void)
{
	const char *value = env_get("KIMI_API_KEY"), *set = env_get(mark_variable);
	char mark[MARK_SIZE];

	if (!value || !set)
		return false;
	mark_of(value, mark);
	return strcmp(mark, set) == 0;
}

int api_key_mark_token(const char *token, struct err *err)
{
	char mark[MARK_SIZE];

	mark_of(token, mark);
	if (setenv(mark_variable, mark, 1) < 0)
		return err_memory(err);
	return 0;
}
