#include "login/key_login.h"

#include "api/model_lists.h"
#include "api/usage_cache.h"
#include "auth/api_key.h"
#include "auth/history.h"
#include "base/buf.h"
#include "config/file.h"
#include "config/login.h"

#include <stdio.h>
#include <string.h>

static bool looks_like(const char *api_key, const struct platform *platform)
{
	return platform->key_prefix &&
	       strncmp(api_key, platform->key_prefix, strlen(platform->key_prefix)) == 0;
}

/* The platform whose key prefix matches; NULL: unknown. */
static const struct platform *platform_of_key(const char *api_key)
{
	for (const struct platform *p = platforms; p->id; p++)
		if (looks_like(api_key, p))
			return p;
	return NULL;
}

/* A refused key is often valid on another platform: says so in the hint. */
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
	char hint[256];
	const struct platform *own = platform_of_key(api_key);
	if (own && own != platform)
		snprintf(hint, sizeof(hint),
		    "it looks like a key of %s: pipe it to 'kimi login --platform %s --api-key-stdin'",
		    own->name, own->id);
	else
		snprintf(hint, sizeof(hint), "check the key; it may belong to %s: try --platform", others);
	return err_set(err, ERR_REJECTED, hint, "%s does not accept this API key", platform->name);
}

int key_login_try(
    const struct account *account, const char *api_key, struct models *ret_models, struct err *err)
{
	struct toml *config = NULL;
	int result = config_file_read(account->home, &config, err) < 0 ? -1 : 0;

	if (result == 0)
		result = model_lists_fetch_with(config, account, api_key, ret_models, err);
	toml_free(config);
	if (result < 0)
		return explain_refusal(account->platform, api_key, err);
	return 0;
}

int key_login_find(const struct home *home, const char *api_key, struct account *ret_who,
    struct models *ret_models, struct err *err)
{
	struct err unclear = {0};
	bool is_known = platform_of_key(api_key) != NULL;

	/* First try platforms with a matching prefix; if there is none, platforms without a prefix. */
	for (int pass = 0; pass < 2; pass++) {
		for (const struct platform *p = platforms; p->id; p++) {
			bool likely = is_known ? looks_like(api_key, p) : !p->key_prefix;
			if (likely != (pass == 0))
				continue;
			if (account_find(ret_who, home, p->id, "", err) < 0)
				return -1;
			if (key_login_try(ret_who, api_key, ret_models, err) == 0)
				return 0;
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
	return err_set(err, ERR_REJECTED, "check the key", "no platform accepts this API key");
}

static bool key_login_is_stored(const struct account *account, const char *api_key)
{
	char *present = NULL;
	bool stored = api_key_of_config(account->home, NULL, account->platform, &present, NULL) == 0 &&
	              strcmp(present, api_key) == 0;

	wipe_str(present);
	return stored;
}

int key_login_save(
    const struct account *account, const char *api_key, const struct models *models, struct err *err)
{
	const struct config_login login = {.who = account, .api_key = api_key, .models = models};

	bool known = key_login_is_stored(account, api_key);
	int result = config_add_login(&login, err);

	usage_cache_drop(account);
	/* Saving the same key again is not a new login. */
	if (!known)
		history_add(
		    &(struct history_entry){HISTORY_LOGIN, account, "config", result < 0 ? err : NULL});
	return result;
}
