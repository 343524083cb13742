/* The keyring, asked through a credential helper (helper.h). */
#include "base/clock.h"
#include "base/state_dir.h"
#include "config/view.h"
#include "store/backend.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int keyring_busy(const struct store *store, struct err *err)
{
	char todo[160];

	snprintf(todo, sizeof(todo), "%s, then try again", credential_remedy());
	return err_set(err, ERR_BUSY, todo, "%s", store->keyring.trouble.why);
}

/* Nothing is ever kept in a keyring: by the client's rule, or by the user's will. */
static bool keyring_is_off(const struct store *store)
{
	return !store->home->client->has_keyring || credential_is_off();
}

/* A keyring that did not answer once is not waited for a second time. */
static bool keyring_is_down(const struct store *store)
{
	return *store->keyring.trouble.why != '\0';
}

bool store_expects_keyring(const struct store *store)
{
	char storage[STATE_STORAGE_MAX];

	if (!store->home->client->has_keyring)
		return false;
	state_load_storage(store->state, storage);
	return strcmp(storage, "keyring") == 0 ||
	       (!*storage && config_names_keyring(store->home, store->key));
}

void store_avoid_keyring(struct store *store)
{
	if (!store_expects_keyring(store))
		snprintf(store->keyring.trouble.why, sizeof(store->keyring.trouble.why),
		    "the keyring is not used");
}

enum question { GET, GET_LEGACY, STORE, ERASE, ERASE_LEGACY, PROBE };

static enum credential_answer keyring_question(
    struct store *store, enum question question, const char *login, int patience_ms, struct buf *ret_login)
{
	char item[STORE_ITEM_MAX];

	store_item(store, item);
	switch (question) {
	case GET:
		return credential_get(store->host, item, patience_ms, ret_login, &store->keyring.trouble);
	case GET_LEGACY:
		return credential_get(
		    store->host, store->key, patience_ms, ret_login, &store->keyring.trouble);
	case STORE:
		return credential_store(store->host, item, login, patience_ms, &store->keyring.trouble);
	case ERASE:
		return credential_erase(store->host, item, patience_ms, &store->keyring.trouble);
	case ERASE_LEGACY:
		return credential_erase(store->host, store->key, patience_ms, &store->keyring.trouble);
	case PROBE:
		break;
	}
	return credential_probe(store->host, item, patience_ms, &store->keyring.trouble);
}

/* Every question to the keyring, unless it was found down or has had its time. */
static enum credential_answer keyring_ask(
    struct store *store, enum question question, const char *login, struct buf *ret_login)
{
	int patience_ms = store->keyring.patience_ms ? store->keyring.patience_ms - store->keyring.waited_ms
	                                             : CREDENTIAL_PATIENCE_MS;
	enum credential_answer answer = CREDENTIAL_UNAVAILABLE;

	if (!keyring_is_down(store) && patience_ms > 0) {
		long long before = clock_ms();
		answer = keyring_question(store, question, login, patience_ms, ret_login);
		store->keyring.waited_ms += (int)(clock_ms() - before);
	} else if (!keyring_is_down(store)) {
		snprintf(store->keyring.trouble.why, sizeof(store->keyring.trouble.why),
		    "the keyring did not answer in time");
	}
	return answer;
}

/*
 * How good a home's claim is to a login in the keyring that ends then: 2 its state speaks of that very login, 1 the home
 * expects some login there, 0 it expects none.
 */
static int backend_keyring_claim(const struct store *store, double expires_at)
{
	struct state state;

	state_load(store->state, expires_at, &state);
	return strcmp(state.storage, "keyring") == 0 ? 2 : store_expects_keyring(store);
}

/* Better than that of the default home, to which the name of the item belongs. */
static bool has_better_claim(const struct store *store, double expires_at)
{
	struct home home;
	struct store usual;
	int ours = backend_keyring_claim(store, expires_at);

	return ours && home_find_default(&home, &client_kimi_cli, NULL) == 0 &&
	       store_open(&usual, &home, &store->who, NULL) == 0 &&
	       ours > backend_keyring_claim(&usual, expires_at);
}

/* Earlier versions kept the logins of all homes under the key alone. One of this home is still found there. */
static enum credential_answer keyring_get_legacy(struct store *store, struct buf *ret_login)
{
	struct token token = TOKEN_INIT;
	char tag[HOME_TAG_MAX], why[160];

	home_keyring_tag(store->home, tag);
	if (!*tag || !store_expects_keyring(store))
		return CREDENTIAL_NONE;
	enum credential_answer answer = keyring_ask(store, GET_LEGACY, NULL, ret_login);
	if (answer == CREDENTIAL_FOUND)
		token_read(ret_login->data, ret_login->len, &token, why, sizeof(why));
	if (answer != CREDENTIAL_UNAVAILABLE) {
		store->keyring.legacy =
		    answer != CREDENTIAL_NONE && has_better_claim(store, token.expires_at);
		if (!store->keyring.legacy)
			answer = CREDENTIAL_NONE;
	}
	token_clear(&token);
	return answer;
}

/* Once the login is saved elsewhere. */
static enum credential_answer keyring_erase_legacy(struct store *store)
{
	enum credential_answer answer = keyring_ask(store, ERASE_LEGACY, NULL, NULL);

	store->keyring.legacy = store->keyring.legacy && answer != CREDENTIAL_FOUND;
	return answer;
}

static int keyring_load(struct store *store, struct token *ret_token, struct err *err)
{
	struct buf secret;
	char why[160];
	int result = 1;

	if (keyring_is_off(store))
		return 1;
	store->keyring.legacy = false;
	buf_init_secret(&secret, CREDENTIAL_MAX_BYTES);
	enum credential_answer found = keyring_ask(store, GET, NULL, &secret);
	if (found == CREDENTIAL_NONE)
		found = keyring_get_legacy(store, &secret);
	if (found == CREDENTIAL_FOUND) {
		result = token_read(secret.data, secret.len, ret_token, why, sizeof(why));
		if (result < 0)
			err_set(err, ERR_STORAGE, "run 'kimi login --force'",
			    "the login in the keyring is damaged: %s", why);
		store->found = store->kind = STORE_KEYRING;
	} else if (found == CREDENTIAL_LOCKED ||
	           (found == CREDENTIAL_UNAVAILABLE && store_expects_keyring(store))) {
		result = keyring_busy(store, err);
	}
	store->keyring.locked_copy = found == CREDENTIAL_LOCKED;
	buf_release(&secret);
	return result;
}

static enum credential_answer keyring_put(struct store *store, const struct token *token)
{
	char *text = token_print(token), before[STATE_STORAGE_MAX];
	enum credential_answer answer = CREDENTIAL_UNAVAILABLE;

	/* Noted first: should this process be killed, the next one looks for the copy. */
	state_load_storage(store->state, before);
	bool is_new = strcmp(before, "keyring") != 0 && !keyring_is_down(store);
	if (is_new)
		state_save_storage(store->state, "keyring");
	if (!text)
		snprintf(store->keyring.trouble.why, sizeof(store->keyring.trouble.why), "out of memory");
	else
		answer = keyring_ask(store, STORE, text, NULL);
	if (is_new && answer != CREDENTIAL_FOUND && !store->keyring.trouble.may_be_kept)
		state_save_storage(store->state, before);
	if (answer == CREDENTIAL_FOUND && store->keyring.legacy)
		answer = keyring_erase_legacy(store);
	if (answer != CREDENTIAL_FOUND)
		store->keyring.half_kept = store->keyring.half_kept || store->keyring.trouble.may_be_kept;
	wipe_str(text);
	return answer;
}

bool backend_keyring_has_copy(const struct store *store)
{
	char storage[STATE_STORAGE_MAX];

	if (!store->home->client->has_keyring)
		return false;
	state_load_storage(store->state, storage);
	return store->found == STORE_KEYRING || store->keyring.locked_copy || store->keyring.half_kept ||
	       strcmp(storage, "keyring") == 0;
}

static bool keyring_may_change(const struct store *store)
{
	struct stat st;

	return !keyring_is_down(store) && !keyring_is_off(store) &&
	       (store->kind == STORE_KEYRING || lstat(store->file, &st) < 0 || store_expects_keyring(store));
}

int backend_keyring_lock(struct store *store, long long deadline, struct err *err)
{
	char folder[HOME_PATH_MAX], path[HOME_PATH_MAX + 160];
	struct err why = {0};

	if (!keyring_may_change(store))
		return 0;
	/* Without a home directory that can be written there is no such lock; the home's own has to do. */
	if (!state_dir_path(folder, sizeof(folder)) || dir_make(folder, NULL) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/keyring-%s.lock", folder, strchr(store->key, '/') + 1);
	if (lock_acquire(&store->user_lock, path, deadline, &why) == 0 || why.code == ERR_STORAGE)
		return 0;
	if (err)
		*err = why;
	return -1;
}

static int keyring_probe(struct store *store, const struct token *present, struct err *err)
{
	enum credential_answer answer;

	if (present)
		answer = keyring_put(store, present);
	else
		answer = keyring_ask(store, PROBE, NULL, NULL);
	return answer == CREDENTIAL_FOUND ? 0 : keyring_busy(store, err);
}

static int keyring_save(struct store *store, const struct token *token, struct err *err)
{
	return keyring_put(store, token) == CREDENTIAL_FOUND ? 0 : keyring_busy(store, err);
}

static enum credential_answer keyring_erase_items(struct store *store)
{
	enum credential_answer answer = keyring_ask(store, ERASE, NULL, NULL);

	return answer == CREDENTIAL_FOUND && store->keyring.legacy ? keyring_erase_legacy(store) : answer;
}

static int keyring_keeps_copy(const char *why, struct err *err)
{
	char todo[160];

	snprintf(todo, sizeof(todo), "%s, then log out again", credential_remedy());
	return err_set(err, ERR_BUSY, todo, "the keyring may still hold the login: %s", why);
}

static int keyring_erase(struct store *store, struct err *err)
{
	bool expected = backend_keyring_has_copy(store) || store_expects_keyring(store);

	if (keyring_is_off(store))
		return expected ? keyring_keeps_copy("it is not used", err) : 0;
	enum credential_answer answer = keyring_erase_items(store);
	/* Without a keyring at all there is no copy in it, unless we know of one. */
	if (answer == CREDENTIAL_LOCKED || (answer == CREDENTIAL_UNAVAILABLE && expected))
		return keyring_keeps_copy(store->keyring.trouble.why, err);
	return 0;
}

const struct store_backend backend_keyring = {
    .name = "keyring",
    .load = keyring_load,
    .probe = keyring_probe,
    .save = keyring_save,
    .erase = keyring_erase,
};
