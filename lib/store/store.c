#include "store/store.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/state_dir.h"
#include "base/text.h"
#include "config/view.h"
#include "store/token_cache.h"
#include "store/token_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 30000 };

/* The name becomes a file name: it must stay in the folder, on one line, and out of the way of our siblings. */
static bool is_safe_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 100 || name[0] == '.' || strstr(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || (unsigned char)*name < 0x21 || *name == 0x7f)
			return false;
	return true;
}

int store_open(struct store *store, const struct home *home, const struct identity *who, struct err *err)
{
	static const char prefix[] = "oauth/";
	const char *key = who->key, *name = key + sizeof(prefix) - 1;

	*store = (struct store){
	    .home = home,
	    .who = *who,
	    .format = record_format_of(home->client),
	    .lock = LOCK_INIT,
	    .user_lock = LOCK_INIT,
	    .next = NEWFILE_INIT,
	};
	if (strncmp(key, prefix, sizeof(prefix) - 1) != 0 || !is_safe_name(name))
		return err_set(err, ERR_CONFIG, "use a name without '/', '..' or a leading '.'",
		    "'%.100s' cannot be the key of a login", key);
	text_join(store->key, sizeof(store->key), (const char *const[]){key, NULL});
	home_credentials_folder(home, store->folder);
	home_credentials_file(home, name, "json", store->file);
	home_credentials_file(home, name, "state", store->state);
	home_credentials_file(
	    home, name, home->client->lock == CLIENT_LOCK_FILE ? "lock" : "flock", store->lock_file);
	text_join(store->host, sizeof(store->host), (const char *const[]){who->oauth_host, NULL});
	return 0;
}

void store_close(struct store *store)
{
	newfile_abandon(&store->next);
	dir_lock_release(&store->dir_lock);
	lock_release(&store->user_lock);
	lock_release(&store->lock);
}

void store_item(const struct store *store, char ret_item[STORE_ITEM_MAX])
{
	char tag[HOME_TAG_MAX];

	home_keyring_tag(store->home, tag);
	text_join(ret_item, STORE_ITEM_MAX, (const char *const[]){store->key, tag, NULL});
}

static int keyring_busy(const struct store *store, struct err *err)
{
	char todo[160];

	snprintf(todo, sizeof(todo), "%s, then try again", credential_remedy());
	return err_set(err, ERR_BUSY, todo, "%s", store->trouble.why);
}

/* Nothing is ever kept in a keyring: by the client's rule, or by the user's will. */
static bool keyring_is_off(const struct store *store)
{
	return !store->home->client->has_keyring || credential_is_off();
}

/* A keyring that did not answer once is not waited for a second time. */
static bool keyring_is_down(const struct store *store)
{
	return *store->trouble.why != '\0';
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
		snprintf(store->trouble.why, sizeof(store->trouble.why), "the keyring is not used");
}

enum question { GET, GET_LEGACY, STORE, ERASE, ERASE_LEGACY, PROBE };

static enum credential_answer ask(
    struct store *store, enum question question, const char *login, int patience_ms, struct buf *ret_login)
{
	char item[STORE_ITEM_MAX];

	store_item(store, item);
	switch (question) {
	case GET:
		return credential_get(store->host, item, patience_ms, ret_login, &store->trouble);
	case GET_LEGACY:
		return credential_get(store->host, store->key, patience_ms, ret_login, &store->trouble);
	case STORE:
		return credential_store(store->host, item, login, patience_ms, &store->trouble);
	case ERASE:
		return credential_erase(store->host, item, patience_ms, &store->trouble);
	case ERASE_LEGACY:
		return credential_erase(store->host, store->key, patience_ms, &store->trouble);
	case PROBE:
		break;
	}
	return credential_probe(store->host, item, patience_ms, &store->trouble);
}

/* Every question to the keyring, unless it was found down or has had its time. */
static enum credential_answer ask_keyring(
    struct store *store, enum question question, const char *login, struct buf *ret_login)
{
	int patience_ms = store->patience_ms ? store->patience_ms - store->waited_ms : CREDENTIAL_PATIENCE_MS;
	enum credential_answer answer = CREDENTIAL_UNAVAILABLE;

	if (!keyring_is_down(store) && patience_ms > 0) {
		long long before = clock_ms();
		answer = ask(store, question, login, patience_ms, ret_login);
		store->waited_ms += (int)(clock_ms() - before);
	} else if (!keyring_is_down(store)) {
		snprintf(
		    store->trouble.why, sizeof(store->trouble.why), "the keyring did not answer in time");
	}
	return answer;
}

/*
 * How good a home's claim is to a login in the keyring that ends then: 2 its state speaks of that very login, 1 the home
 * expects some login there, 0 it expects none.
 */
static int claim(const struct store *store, double expires_at)
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
	int ours = claim(store, expires_at);

	return ours && home_find_default(&home, &client_kimi_cli, NULL) == 0 &&
	       store_open(&usual, &home, &store->who, NULL) == 0 && ours > claim(&usual, expires_at);
}

/* Earlier versions kept the logins of all homes under the key alone. One of this home is still found there. */
static enum credential_answer get_legacy(struct store *store, struct buf *ret_login)
{
	struct token token = TOKEN_INIT;
	char tag[HOME_TAG_MAX], why[160];

	home_keyring_tag(store->home, tag);
	if (!*tag || !store_expects_keyring(store))
		return CREDENTIAL_NONE;
	enum credential_answer answer = ask_keyring(store, GET_LEGACY, NULL, ret_login);
	if (answer == CREDENTIAL_FOUND)
		token_read(ret_login->data, ret_login->len, &token, why, sizeof(why));
	if (answer != CREDENTIAL_UNAVAILABLE) {
		store->legacy = answer != CREDENTIAL_NONE && has_better_claim(store, token.expires_at);
		if (!store->legacy)
			answer = CREDENTIAL_NONE;
	}
	token_clear(&token);
	return answer;
}

/* Once the login is saved elsewhere. */
static enum credential_answer erase_legacy(struct store *store)
{
	enum credential_answer answer = ask_keyring(store, ERASE_LEGACY, NULL, NULL);

	store->legacy = store->legacy && answer != CREDENTIAL_FOUND;
	return answer;
}

static int load_keyring(struct store *store, struct token *ret_token, struct err *err)
{
	struct buf secret;
	char why[160];
	int answer = 1;

	if (keyring_is_off(store))
		return 1;
	store->legacy = false;
	buf_init_secret(&secret, CREDENTIAL_MAX_BYTES);
	enum credential_answer found = ask_keyring(store, GET, NULL, &secret);
	if (found == CREDENTIAL_NONE)
		found = get_legacy(store, &secret);
	if (found == CREDENTIAL_FOUND) {
		answer = token_read(secret.data, secret.len, ret_token, why, sizeof(why));
		if (answer < 0)
			err_set(err, ERR_STORAGE, "run 'kimi login --force' to log in again",
			    "the login in the keyring is damaged: %s", why);
		store->found = store->kind = STORE_KEYRING;
	} else if (found == CREDENTIAL_LOCKED ||
	           (found == CREDENTIAL_UNAVAILABLE && store_expects_keyring(store))) {
		answer = keyring_busy(store, err);
	}
	store->locked_copy = found == CREDENTIAL_LOCKED;
	buf_release(&secret);
	return answer;
}

int store_load_file(struct store *store, struct token *ret_token, struct err *err)
{
	int answer = login_file_read(store->file, store->format, ret_token, &store->rights, err);

	store->found = store->kind = answer == 0 ? STORE_FILE : STORE_NOWHERE;
	return answer;
}

int store_load(struct store *store, struct token *ret_token, struct err *err)
{
	int answer = store_load_file(store, ret_token, err);

	return answer > 0 ? load_keyring(store, ret_token, err) : answer;
}

static bool may_change_keyring(const struct store *store)
{
	struct stat st;

	return !keyring_is_down(store) && !keyring_is_off(store) &&
	       (store->kind == STORE_KEYRING || lstat(store->file, &st) < 0 || store_expects_keyring(store));
}

/* Where there can be no such lock (no HOME, or one that cannot be written) the home's own has to do. */
static int lock_keyring(struct store *store, long long deadline, struct err *err)
{
	char folder[HOME_PATH_MAX], path[HOME_PATH_MAX + 160];
	struct err why = {0};

	if (!state_dir_path(folder, sizeof(folder)) || dir_make(folder, NULL) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/keyring-%s.lock", folder, strchr(store->key, '/') + 1);
	if (lock_acquire(&store->user_lock, path, deadline, &why) == 0 || why.code == ERR_STORAGE)
		return 0;
	if (err)
		*err = why;
	return -1;
}

int store_lock_to_refresh(struct store *store, long long deadline, struct err *err)
{
	const char *slot = strchr(store->key, '/') + 1;

	if (store->home->client->lock == CLIENT_LOCK_FILE)
		return store_lock(store, deadline, err);
	if (home_check_writable(store->home, err) < 0 || login_file_make_folder(store->folder, err) < 0)
		return -1;
	return dir_lock_acquire(&store->dir_lock, store->home, slot, deadline, err);
}

bool store_is_still_locked(struct store *store)
{
	return !store->dir_lock.hold || dir_lock_is_ours(&store->dir_lock);
}

int store_lock(struct store *store, long long deadline, struct err *err)
{
	if (home_check_writable(store->home, err) < 0 || login_file_make_folder(store->folder, err) < 0 ||
	    lock_acquire(&store->lock, store->lock_file, deadline, err) < 0)
		return -1;
	if (may_change_keyring(store) && lock_keyring(store, deadline, err) < 0) {
		lock_release(&store->lock);
		return -1;
	}
	return 0;
}

static enum credential_answer put_in_keyring(struct store *store, const struct token *token)
{
	char *text = token_print(token), before[STATE_STORAGE_MAX];
	enum credential_answer answer = CREDENTIAL_UNAVAILABLE;

	/* Noted first: should this process be killed, the next one looks for the copy. */
	state_load_storage(store->state, before);
	bool is_new = strcmp(before, "keyring") != 0 && !keyring_is_down(store);
	if (is_new)
		state_save_storage(store->state, "keyring");
	if (!text)
		snprintf(store->trouble.why, sizeof(store->trouble.why), "out of memory");
	else
		answer = ask_keyring(store, STORE, text, NULL);
	if (is_new && answer != CREDENTIAL_FOUND && !store->trouble.may_be_kept)
		state_save_storage(store->state, before);
	if (answer == CREDENTIAL_FOUND && store->legacy)
		answer = erase_legacy(store);
	if (answer != CREDENTIAL_FOUND)
		store->half_kept = store->half_kept || store->trouble.may_be_kept;
	wipe_str(text);
	return answer;
}

int store_prepare(struct store *store, const struct token *present, struct err *err)
{
	char device_id[HOME_PATH_MAX];

	newfile_abandon(&store->next);
	newfile_sweep(store->state);
	/* That lock is not the device id's; but who comes here has one, and whoever is making another will find it. */
	home_device_id_file(store->home, device_id);
	newfile_sweep(device_id);
	if (login_file_check_place(store->file, err) < 0)
		return -1;
	if (store->kind == STORE_KEYRING) {
		enum credential_answer answer =
		    present ? put_in_keyring(store, present) : ask_keyring(store, PROBE, NULL, NULL);
		if (answer != CREDENTIAL_FOUND)
			return keyring_busy(store, err);
	} else if (present && login_file_rewrite(store->file, err) < 0) {
		return -1;
	}
	/* For the keyring too: should it vanish after the exchange, the file takes the new login. */
	return login_file_reserve(store->file, &store->next, err);
}

/* kimi-cli moves a keyring login to the file at its start: a file that is there is the one that will be read. */
static bool was_moved_to_file(const struct store *store)
{
	struct stat st;

	return store->found == STORE_KEYRING && lstat(store->file, &st) == 0;
}

/* Somebody knows of a copy in the keyring; else asking for it only costs time. */
static bool may_have_copy(const struct store *store)
{
	char storage[STATE_STORAGE_MAX];

	if (!store->home->client->has_keyring)
		return false;
	state_load_storage(store->state, storage);
	return store->found == STORE_KEYRING || store->locked_copy || store->half_kept ||
	       strcmp(storage, "keyring") == 0;
}

static enum credential_answer erase_items(struct store *store)
{
	enum credential_answer answer = ask_keyring(store, ERASE, NULL, NULL);

	return answer == CREDENTIAL_FOUND && store->legacy ? erase_legacy(store) : answer;
}

static bool drop_from_keyring(struct store *store)
{
	return !may_have_copy(store) || (!keyring_is_off(store) && erase_items(store) == CREDENTIAL_FOUND);
}

/*
 * Saves to store->kind, then removes the other copy. *ret_owed: the one in the
 * keyring could not be removed now.
 */
static int put(struct store *store, const struct token *token, bool *ret_owed, struct err *err)
{
	*ret_owed = false;
	if (store->kind == STORE_KEYRING) {
		if (put_in_keyring(store, token) != CREDENTIAL_FOUND)
			return keyring_busy(store, err);
		return login_file_remove(store->file, err);
	}
	if (login_file_write(store->file, store->format, &store->next, token, err) < 0)
		return -1;
	store->kind = STORE_FILE;
	*ret_owed = !drop_from_keyring(store);
	return 0;
}

/* What is owed is noted as a login in the keyring: the next save or logout finds it there and removes it. */
static void note(const struct store *store, const struct token *token, bool owed, struct state *state)
{
	state->expires_at = token->expires_at;
	snprintf(state->storage, sizeof(state->storage), "%s",
	    store_kind_name(owed ? STORE_KEYRING : store->kind));
	state_save(store->state, state, NULL); /* the login is safe; the rest is convenience */
}

static bool drop_cached(const struct store *store)
{
	char item[STORE_ITEM_MAX];

	store_item(store, item);
	return cache_drop(item);
}

int store_save(struct store *store, struct token *token, struct state *state, struct err *err)
{
	bool owed;

	if (store->format->whole_seconds)
		token->expires_at = floor(token->expires_at);
	store->patience_ms = 0; /* a new login is never short of time */
	if (was_moved_to_file(store))
		store->kind = STORE_FILE;
	int failed = put(store, token, &owed, err);
	if (failed && store->kind == STORE_KEYRING) {
		store->kind = STORE_FILE;
		store->fell_back = true;
		failed = put(store, token, &owed, err);
	}
	drop_cached(store);
	if (failed)
		return -1;
	snprintf(state->oauth_host, sizeof(state->oauth_host), "%s", store->host);
	note(store, token, owed, state);
	return 0;
}

/*
 * The login from store->found to store->kind. What may have come about in the
 * keyring though it failed there is owed, too.
 */
static int move(struct store *store, const struct token *token, bool *ret_owed, struct err *err)
{
	enum store_kind kind = store->kind;
	int failed = login_file_check_place(store->file, err);

	if (!failed && store->found != kind)
		failed = put(store, token, ret_owed, err);
	else if (!failed)
		*ret_owed = !drop_from_keyring(store); /* another run was not able to */
	if (!failed)
		store->found = kind;
	else if (store->found == STORE_FILE && store->half_kept)
		*ret_owed = true;
	store->kind = store->found;
	return failed;
}

int store_move(struct store *store, enum store_kind kind, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct state state;
	bool owed = false;
	int failed = store_lock(store, clock_ms() + LOCK_WAIT_MS, err);

	if (!failed)
		failed = store_load(store, &token, err);
	if (failed > 0)
		failed = err_set(err, ERR_LOGIN_REQUIRED, "run 'kimi login'", "not logged in");
	if (!failed && (store->found != kind || (kind == STORE_FILE && may_have_copy(store)))) {
		state_load(store->state, token.expires_at, &state);
		store->kind = kind;
		failed = move(store, &token, &owed, err);
		drop_cached(store);
		if (!failed || owed)
			note(store, &token, owed, &state);
		if (!failed && owed)
			failed = err_set(err, ERR_BUSY, "run the command again once the keyring answers",
			    "the login was moved to the file, but its copy in the keyring could not be "
			    "removed");
	}
	token_clear(&token);
	store_close(store);
	return failed;
}

static int keyring_keeps_copy(const char *why, struct err *err)
{
	char todo[160];

	snprintf(todo, sizeof(todo), "%s and log out once more", credential_remedy());
	return err_set(err, ERR_BUSY, todo, "the keyring may still hold the login: %s", why);
}

int store_erase(struct store *store, struct err *err)
{
	drop_cached(store);
	if (login_file_remove(store->file, err) < 0)
		return -1;
	bool expected = may_have_copy(store) || store_expects_keyring(store);
	if (!keyring_is_off(store)) {
		enum credential_answer answer = erase_items(store);
		/* Without a keyring at all there is no copy in it, unless we know of one. */
		if (answer == CREDENTIAL_LOCKED || (answer == CREDENTIAL_UNAVAILABLE && expected))
			return keyring_keeps_copy(store->trouble.why, err);
	} else if (expected) {
		return keyring_keeps_copy("it is not to be asked", err);
	}
	store->kind = STORE_NOWHERE;
	return file_remove(store->state, err);
}

int store_sweep(struct store *store, bool *ret_swept, struct err *err)
{
	*ret_swept = drop_cached(store);
	if (!newfile_is_left(store->file) && !newfile_is_left(store->state))
		return 0;
	if (store_lock(store, clock_ms() + LOCK_WAIT_MS, err) < 0)
		return -1;
	*ret_swept = newfile_sweep(store->file) || *ret_swept;
	*ret_swept = newfile_sweep(store->state) || *ret_swept;
	store_close(store);
	return 0;
}

int store_check_kind(const struct home *home, const char *name, struct err *err)
{
	const struct client *client = home->client;

	if (store_kind_by_name(name) != STORE_KEYRING || client->has_keyring)
		return 0;
	return err_set(err, ERR_USAGE, "leave out --storage",
	    "%s does not use a keyring, so its logins are stored in a file", client->program);
}

const char *store_kind_name(enum store_kind kind)
{
	return kind == STORE_FILE ? "file" : kind == STORE_KEYRING ? "keyring" : NULL;
}

enum store_kind store_kind_by_name(const char *name)
{
	if (name && strcmp(name, "file") == 0)
		return STORE_FILE;
	return name && strcmp(name, "keyring") == 0 ? STORE_KEYRING : STORE_NOWHERE;
}
