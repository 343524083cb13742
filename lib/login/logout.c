#include "login/logout.h"

#include "api/usage_cache.h"
#include "auth/history.h"
#include "base/clock.h"
#include "base/runtime_dir.h"
#include "config/file.h"
#include "config/login.h"
#include "store/store.h"

#include <sys/stat.h>

enum { LOCK_WAIT_MS = 30000 };

static int logout_erase(struct store *store, struct logout *logout, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct stat st;

	if (store_load(store, &token, NULL) == 0)
		logout->expires_at = token.expires_at;
	token_clear(&token);
	const char *storage = store_kind_name(store->found);
	bool in_file = lstat(store->file.path, &st) == 0;
	int result = store_erase(store, err);
	logout->removed_tokens = result == 0 || (in_file && lstat(store->file.path, &st) < 0);
	if (logout->removed_tokens)
		logout->storage = storage;
	return result;
}

/* Removes damaged tokens too. */
static int logout_remove_tokens(struct store *store, struct logout *logout, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct stat st;

	if (store_sweep(store, &logout->swept, err) < 0)
		return -1;
	/* Locking would create the directory of a login that does not exist. */
	bool has_traces = lstat(store->file.path, &st) == 0 || lstat(store->state, &st) == 0 ||
	                  store_expects_keyring(store);
	if (!has_traces && store_load(store, &token, NULL) > 0)
		return 0;
	token_clear(&token);
	int result = store_lock_to_replace(store, clock_ms() + LOCK_WAIT_MS, err);
	if (result == 0)
		result = logout_erase(store, logout, err);
	store_close(store);
	return result;
}

static int logout_remove_config(const struct account *account, struct logout *logout, struct err *err)
{
	if (*account->name) /* only the default account is in the config */
		return 0;
	if (config_file_sweep(account->home))
		logout->swept = true;
	if (!account_is_configured(account) || account_is_other_configured(account))
		return 0;
	return config_remove_login(account, &logout->removed_config, err);
}

int logout_run(const struct account *account, struct logout *ret_logout, struct err *err)
{
	struct err config_err;
	struct store store;
	int result = 0;

	*ret_logout = (struct logout){0};
	if (*account->key) {
		result = store_open(&store, account, err);
		if (result == 0)
			result = logout_remove_tokens(&store, ret_logout, err);
	}
	ret_logout->tokens_failed = result < 0;
	if (runtime_dir_sweep("exec.")) /* of a kimi exec that was killed */
		ret_logout->swept = true;
	if (logout_remove_config(account, ret_logout, &config_err) < 0) {
		if (result < 0)
			ret_logout->config_err = config_err;
		else
			*err = config_err;
		result = -1;
	}
	if (ret_logout->removed_config && !ret_logout->storage)
		ret_logout->storage = "config";
	usage_cache_drop(account);
	const struct history_entry entry = {
	    HISTORY_LOGOUT, account, ret_logout->storage, result < 0 ? err : NULL};
	if (result < 0 || ret_logout->storage)
		history_add(&entry);
	return result;
}
