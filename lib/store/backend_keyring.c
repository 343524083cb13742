/* The keyring backend, which uses a credential helper (helper.h). */
#include "base/clock.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/state_dir.h"
#include "config/file.h"
#include "store/backend.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int keyring_busy(const struct store *store, struct err *err)
{
	if (store->keyring.error.interrupted)
		return signals_error(err);
	return err_set(err, ERR_BUSY, helper_remedy(), "%s", store->keyring.error.reason);
}

/* The client does not use a keyring, or the user has turned it off. */
static bool keyring_is_off(const struct store *store)
{
	return !store->who.home->client->has_keyring || helper_is_off();
}

/* A keyring that failed once is not asked again. */
static bool keyring_is_down(const struct store *store)
{
	return *store->keyring.error.reason != '\0';
}

bool store_expects_keyring(const struct store *store)
{
	char storage[METADATA_STORAGE_MAX];

	if (!store->who.home->client->has_keyring)
		return false;
	metadata_load_storage(store->state, storage);
	return strcmp(storage, "keyring") == 0 || (!*storage && config_names_keyring(&store->who));
}

void store_avoid_keyring(struct store *store)
{
	if (!store_expects_keyring(store))
		snprintf(store->keyring.error.reason, sizeof(store->keyring.error.reason),
		    "the keyring is not used");
}

enum keyring_operation { GET, GET_LEGACY, STORE, ERASE, ERASE_LEGACY, PROBE };

/* Calls the helper, unless the keyring was found down or the store's timeout for it has passed. */
static enum helper_result keyring_ask(
    struct store *store, enum keyring_operation operation, const char *login, struct buf *ret_login)
{
	struct helper_error *error = &store->keyring.error;
	enum helper_result result = HELPER_UNAVAILABLE;
	char name[STORE_ITEM_MAX];
	struct helper_item item = {
	    .host = store->who.oauth_host, .key = name, .timeout_ms = HELPER_TIMEOUT_MS};

	if (keyring_is_down(store))
		return HELPER_UNAVAILABLE;
	if (store->keyring.timeout_ms)
		item.timeout_ms = store->keyring.timeout_ms - store->keyring.waited_ms;
	if (item.timeout_ms <= 0) {
		snprintf(error->reason, sizeof(error->reason), "the keyring did not answer in time");
		return HELPER_UNAVAILABLE;
	}
	if (operation == GET_LEGACY || operation == ERASE_LEGACY)
		item.key = store->who.key;
	else
		store_item(store, name);
	long long before = clock_ms();
	switch (operation) {
	case GET:
	case GET_LEGACY:
		result = helper_get(&item, ret_login, error);
		break;
	case STORE:
		result = helper_store(&item, login, error);
		break;
	case ERASE:
	case ERASE_LEGACY:
		result = helper_erase(&item, error);
		break;
	case PROBE:
		result = helper_probe(&item, error);
		break;
	}
	store->keyring.waited_ms += (int)(clock_ms() - before);
	return result;
}

/*
 * How likely the login in the keyring with that expires_at belongs to the store's home: 2
 * if its metadata describes exactly this login, 1 if the home expects a login in the
 * keyring, 0 if not.
 */
static int backend_keyring_claim(const struct store *store, double expires_at)
{
	struct metadata state;

	metadata_load(store->state, expires_at, &state);
	if (strcmp(state.storage, "keyring") == 0)
		return 2;
	return store_expects_keyring(store);
}

/*
 * The claim of this home is better than that of the default home, which owns the name of
 * the item.
 */
static bool has_better_claim(const struct store *store, double expires_at)
{
	struct home home;
	struct account who = store->who;
	struct store usual;
	int ours = backend_keyring_claim(store, expires_at);

	who.home = &home;
	return ours && home_find_default(&home, &client_kimi_cli, NULL) == 0 &&
	       store_open(&usual, &who, NULL) == 0 && ours > backend_keyring_claim(&usual, expires_at);
}

/*
 * Earlier versions stored the logins of all homes under the key alone. Looks for a login
 * of this home there.
 */
static enum helper_result keyring_get_legacy(struct store *store, struct buf *ret_login)
{
	struct token token = TOKEN_INIT;
	char tag[HOME_TAG_MAX];

	home_keyring_tag(store->who.home, tag);
	if (!*tag || !store_expects_keyring(store))
		return HELPER_NONE;
	enum helper_result result = keyring_ask(store, GET_LEGACY, NULL, ret_login);
	if (result == HELPER_FOUND)
		token_read(ret_login->data, ret_login->len, &token, NULL);
	if (result != HELPER_UNAVAILABLE) {
		store->keyring.legacy = result != HELPER_NONE && has_better_claim(store, token.expires_at);
		if (!store->keyring.legacy)
			result = HELPER_NONE;
	}
	token_clear(&token);
	return result;
}

/* Call it once the login is saved under its present name. */
static enum helper_result keyring_erase_legacy(struct store *store)
{
	enum helper_result result = keyring_ask(store, ERASE_LEGACY, NULL, NULL);

	store->keyring.legacy = store->keyring.legacy && result != HELPER_FOUND;
	return result;
}

static int keyring_damaged(const struct store *store, const char *reason, struct err *err)
{
	char hint[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX];

	snprintf(hint, sizeof(hint), "run 'kimi login%s --force'", account_option(&store->who, option));
	return err_set(err, ERR_STORAGE, hint, "the login in the keyring is damaged: %s", reason);
}

static int keyring_load(struct store *store, struct token *ret_token, struct err *err)
{
	struct buf secret;
	struct reason reason;
	int result = 1;

	if (keyring_is_off(store))
		return 1;
	store->keyring.legacy = false;
	buf_init_secret(&secret, HELPER_MAX_BYTES);
	enum helper_result found = keyring_ask(store, GET, NULL, &secret);
	if (found == HELPER_NONE)
		found = keyring_get_legacy(store, &secret);
	if (found == HELPER_FOUND) {
		result = token_read(secret.data, secret.len, ret_token, &reason);
		if (result < 0)
			result = keyring_damaged(store, reason.text, err);
		store->found = store->kind = STORE_KEYRING;
	} else if (found == HELPER_LOCKED ||
	           (found == HELPER_UNAVAILABLE &&
	               (store->keyring.error.interrupted || store_expects_keyring(store)))) {
		result = keyring_busy(store, err);
	}
	store->keyring.locked_copy = found == HELPER_LOCKED;
	buf_release(&secret);
	return result;
}

static enum helper_result keyring_put(struct store *store, const struct token *token)
{
	char *text = token_print(token), before[METADATA_STORAGE_MAX];
	enum helper_result result = HELPER_UNAVAILABLE;

	/* Noted first, so that the next process looks for the copy if this one is killed. */
	metadata_load_storage(store->state, before);
	bool is_new = strcmp(before, "keyring") != 0 && !keyring_is_down(store);
	if (is_new)
		metadata_save_storage(store->state, "keyring");
	if (!text)
		snprintf(store->keyring.error.reason, sizeof(store->keyring.error.reason), "out of memory");
	else
		result = keyring_ask(store, STORE, text, NULL);
	if (is_new && result != HELPER_FOUND && !store->keyring.error.may_be_kept)
		metadata_save_storage(store->state, before);
	if (result == HELPER_FOUND && store->keyring.legacy)
		result = keyring_erase_legacy(store);
	if (result != HELPER_FOUND)
		store->keyring.half_kept = store->keyring.half_kept || store->keyring.error.may_be_kept;
	wipe_str(text);
	return result;
}

bool backend_keyring_has_copy(const struct store *store)
{
	char storage[METADATA_STORAGE_MAX];

	if (!store->who.home->client->has_keyring)
		return false;
	metadata_load_storage(store->state, storage);
	return store->found == STORE_KEYRING || store->keyring.locked_copy || store->keyring.half_kept ||
	       strcmp(storage, "keyring") == 0;
}

static bool keyring_may_change(const struct store *store)
{
	struct stat st;

	return !keyring_is_down(store) && !keyring_is_off(store) &&
	       (store->kind == STORE_KEYRING || lstat(store->file.path, &st) < 0 ||
	           store_expects_keyring(store));
}

int backend_keyring_lock(struct store *store, long long deadline, struct err *err)
{
	char directory[HOME_PATH_MAX], path[HOME_PATH_MAX + 160];
	struct err reason = {0};

	if (!keyring_may_change(store))
		return 0;
	/*
	 * This lock needs a writable home directory. Without one, the lock of the home
	 * alone must do.
	 */
	if (!state_dir_path(directory, sizeof(directory)) || dir_make(directory, NULL) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/keyring-%s.lock", directory, strchr(store->who.key, '/') + 1);
	if (lock_acquire(&store->user_lock, path, deadline, &reason) == 0 || reason.code == ERR_STORAGE)
		return 0;
	if (err)
		*err = reason;
	return -1;
}

static int keyring_probe(struct store *store, const struct token *present, struct err *err)
{
	enum helper_result result;

	if (present)
		result = keyring_put(store, present);
	else
		result = keyring_ask(store, PROBE, NULL, NULL);
	if (result == HELPER_FOUND)
		return 0;
	return keyring_busy(store, err);
}

static int keyring_save(struct store *store, const struct token *token, struct err *err)
{
	if (keyring_put(store, token) == HELPER_FOUND)
		return 0;
	return keyring_busy(store, err);
}

static int keyring_erase(struct store *store, struct err *err)
{
	bool expected = backend_keyring_has_copy(store) || store_expects_keyring(store);

	if (keyring_is_off(store) && !expected)
		return 0;
	if (keyring_is_off(store))
		return err_set(
		    err, ERR_BUSY, helper_remedy(), "the keyring may still hold the login: it is not used");
	enum helper_result result = keyring_ask(store, ERASE, NULL, NULL);
	if (result == HELPER_FOUND && store->keyring.legacy)
		result = keyring_erase_legacy(store);
	if (result != HELPER_FOUND && store->keyring.error.interrupted)
		return signals_error(err);
	/* A keyring that is unavailable holds no copy, unless we know of one. */
	if (result == HELPER_LOCKED || (result == HELPER_UNAVAILABLE && expected))
		return err_set(err, ERR_BUSY, helper_remedy(), "the keyring may still hold the login: %s",
		    store->keyring.error.reason);
	return 0;
}

const struct store_backend backend_keyring = {
    .name = "keyring",
    .load = keyring_load,
    .probe = keyring_probe,
    .save = keyring_save,
    .erase = keyring_erase,
};
