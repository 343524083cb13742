#include "login/key_login.h"

#include "api/model_lists.h"
#include "auth/api_key.h"
#include "auth/history.h"
#include "base/buf.h"
#include "config/file.h"
#include "config/login.h"

#include <stdio.h>
#include <string.h>

/* How keys of Kimi Code begin. */
static const char code_prefix[] = "sk-kimi-";

static bool looks_like_code(const char *api_key)
{
	return strncmp(api_key, code_prefix, sizeof(code_prefix) - 1) == 0;
}

/* A key that is refused is often a good one for one of the other platforms. */
static int explain_refusal(const struct platform *platform, const char *api_key, struct err *err)
{
	char others[160] = "";
	size_t len = 0;

	if (err->code != ERR_REJECTED)
		return -1;
	for (const struct platform *p = platforms; p->id; p++)
		if (p != platform)
			len += (size_t)snprintf(
			    others + len, sizeof(others) - len, "%s%s", len ? " or " : "", p->id);
	char todo[256];
	if (looks_like_code(api_key) && !platform->oauth_key)
		snprintf(todo, sizeof(todo),
		    "it looks like a key of Kimi Code: pipe it to 'kimi login --platform kimi-code "
		    "--api-key-stdin'");
	else
		snprintf(todo, sizeof(todo), "check the key; it may belong to %s: try --platform", others);
	return err_set(err, ERR_REJECTED, todo, "%s does not take this API key", platform->name);
}

int key_login_try(const struct home *home, const struct platform *platform, const char *api_key,
    struct models *ret_models, struct err *err)
{
	struct toml *config = NULL;
	int failed = config_file_read(home, &config, err) < 0 ? -1 : 0;

	if (!failed)
		failed = catalog_fetch_with(home, config, platform, api_key, ret_models, err);
	toml_free(config);
	return failed ? explain_refusal(platform, api_key, err) : 0;
}

int key_login_find(const struct home *home, const char *api_key, const struct platform **ret_platform,
    struct models *ret_models, struct err *err)
{
	struct err unclear = {0};
	bool code_first = looks_like_code(api_key);

	for (int pass = 0; pass < 2; pass++) {
		for (const struct platform *p = platforms; p->id; p++) {
			bool is_code = p->oauth_key != NULL;
			if ((pass == 0) != (is_code == code_first))
				continue;
			if (key_login_try(home, p, api_key, ret_models, err) == 0) {
				*ret_platform = p;
				return 0;
			}
			if (err->code == ERR_INTERRUPTED || err->code == ERR_CONFIG)
				return -1;
			if (err->code != ERR_REJECTED && unclear.code == ERR_NONE)
				unclear = *err;
		}
	}
	if (unclear.code != ERR_NONE) {
		*err = unclear;
		return -1;
	}
	return err_set(err, ERR_REJECTED, "check the key", "no platform takes this API key");
}

static bool is_stored(const struct home *home, const struct platform *platform, const char *api_key)
{
	char *present = NULL;
	bool stored = api_key_of_config(home, platform, &present, NULL) == 0 && strcmp(present, api_key) == 0;

	wipe_str(present);
	return stored;
}

int key_login_save(const struct home *home, const struct platform *platform, const char *api_key,
    const struct models *models, bool *ret_tightened, struct err *err)
{
	const struct config_login login = {.platform = platform, .api_key = api_key, .models = models};

	bool known = is_stored(home, platform, api_key);
	int failed = config_add_login(home, &login, ret_tightened, err);

	/* A key that was there already is no new login. */
	if (!known)
		history_add(home, HISTORY_LOGIN, &(struct identity){.platform = platform}, "config",
		    failed ? err : NULL);
	return failed;
}
