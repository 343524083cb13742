#include "store/store.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/signals.h"
#include "base/text.h"
#include "store/backend.h"
#include "store/token_cache.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 30000 };

static const struct store_backend *const backends[] = {
    [STORE_FILE] = &backend_file,
    [STORE_KEYRING] = &backend_keyring,
};

/*
 * The name becomes a file name: no path, no control characters, and not the name of a
 * temporary file.
 */
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

int store_open(struct store *store, const struct account *who, struct err *err)
{
	static const char prefix[] = "oauth/";
	const struct home *home = who->home;
	const char *key = who->key, *name = key + sizeof(prefix) - 1;

	*store = (struct store){
	    .who = *who,
	    .lock = LOCK_INIT,
	    .user_lock = LOCK_INIT,
	    .file = {.format = record_format_of(home->client), .next = NEWFILE_INIT},
	};
	if (strncmp(key, prefix, sizeof(prefix) - 1) != 0 || !is_safe_name(name))
		return err_set(err, ERR_CONFIG, "use a name without '/', '..' or a leading '.'",
		    "'%.100s' is not a valid key of a login", key);
	home_credentials_file(home, name, "json", store->file.path);
	home_credentials_file(home, name, "state", store->state);
	home_credentials_file(
	    home, name, home->client->lock == CLIENT_LOCK_FILE ? "lock" : "flock", store->lock_file);
	return 0;
}

void store_close(struct store *store)
{
	newfile_abandon(&store->file.next);
	dir_lock_release(&store->dir_lock);
	lock_release(&store->user_lock);
	lock_release(&store->lock);
}

void store_item(const struct store *store, char ret_item[STORE_ITEM_MAX])
{
	char tag[HOME_TAG_MAX];

	home_keyring_tag(store->who.home, tag);
	text_join(ret_item, STORE_ITEM_MAX, (const char *const[]){store->who.key, tag, NULL});
}

int store_load_file(struct store *store, struct token *ret_token, struct err *err)
{
	return backend_file.load(store, ret_token, err);
}

int store_load(struct store *store, struct token *ret_token, struct err *err)
{
	int result = backend_file.load(store, ret_token, err);

	if (result > 0)
		result = backend_keyring.load(store, ret_token, err);
	return result;
}

/*
 * Makes the directory of the logins with mode 0700. It must belong to the user and must not
 * be a symbolic link: whoever can write to it can replace a login.
 */
static int store_make_directory(const struct store *store, struct err *err)
{
	char directory[HOME_PATH_MAX];
	struct stat st;

	home_path(store->who.home, HOME_CREDENTIALS, directory);
	if (home_check_writable(store->who.home, err) < 0 || dir_make(directory, err) < 0)
		return -1;
	if (lstat(directory, &st) < 0)
		return err_errno(err, ERR_STORAGE, "change its permissions so that you can read it",
		    "cannot check %s", directory);
	if (S_ISLNK(st.st_mode))
		return err_set(err, ERR_STORAGE, "replace the link with the directory",
		    "%s is a symbolic link", directory);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_STORAGE,
		    "run the command as that user, or change the directory's owner back",
		    "%s belongs to another user (uid %lu)", directory, (unsigned long)st.st_uid);
	if ((st.st_mode & 077) && dir_set_mode(directory, 0700) < 0)
		return err_errno(
		    err, ERR_STORAGE, "run 'chmod 700' on it", "cannot make %s private", directory);
	return 0;
}

int store_lock_to_refresh(struct store *store, long long deadline, struct err *err)
{
	const char *slot = strchr(store->who.key, '/') + 1;

	if (store->who.home->client->lock == CLIENT_LOCK_FILE)
		return store_lock(store, deadline, err);
	if (store_make_directory(store, err) < 0)
		return -1;
	store->dir_lock = (struct dir_lock){.home = store->who.home, .slot = slot};
	return dir_lock_acquire(&store->dir_lock, deadline, err);
}

int store_lock_to_replace(struct store *store, long long deadline, struct err *err)
{
	int failed = store_lock_to_refresh(store, deadline, err);

	if (failed && store->who.home->client->lock != CLIENT_LOCK_FILE && err->code != ERR_INTERRUPTED)
		failed = store_lock(store, clock_ms(), err);
	return failed;
}

bool store_is_still_locked(struct store *store)
{
	return !store->dir_lock.hold || dir_lock_is_ours(&store->dir_lock);
}

int store_lock(struct store *store, long long deadline, struct err *err)
{
	if (store_make_directory(store, err) < 0 ||
	    lock_acquire(&store->lock, store->lock_file, deadline, err) < 0)
		return -1;
	if (backend_keyring_lock(store, deadline, err) < 0) {
		lock_release(&store->lock);
		return -1;
	}
	return 0;
}

int store_prepare(struct store *store, const struct token *present, struct err *err)
{
	char device_id[HOME_PATH_MAX];

	newfile_abandon(&store->file.next);
	newfile_sweep(store->state);
	/*
	 * The device id has no lock. It exists by now, so a process that writes it now
	 * will find it and stop.
	 */
	home_path(store->who.home, HOME_DEVICE_ID, device_id);
	newfile_sweep(device_id);
	if (backend_file_check_path(store, err) < 0)
		return -1;
	if (store->kind == STORE_NOWHERE)
		store->kind = STORE_FILE;
	if (backends[store->kind]->probe(store, present, err) < 0)
		return -1;
	/*
	 * Also for the keyring: if that fails after the exchange, the new login is saved
	 * in the file.
	 */
	return backend_file_reserve(store, err);
}

/*
 * kimi-cli moves a keyring login to the file when it starts. From then on, the file is
 * what everybody reads.
 */
static bool was_moved_to_file(const struct store *store)
{
	struct stat st;

	return store->found == STORE_KEYRING && lstat(store->file.path, &st) == 0;
}

/* False: a copy in the keyring could not be removed. */
static bool drop_from_keyring(struct store *store)
{
	return !backend_keyring_has_copy(store) || backend_keyring.erase(store, NULL) == 0;
}

/*
 * Saves to store->kind, then removes the other copy. *ret_copy_left: the copy in the
 * keyring could not be removed.
 */
static int store_put(struct store *store, const struct token *token, bool *ret_copy_left, struct err *err)
{
	*ret_copy_left = false;
	if (store->kind == STORE_NOWHERE)
		store->kind = STORE_FILE;
	if (backends[store->kind]->save(store, token, err) < 0)
		return -1;
	if (store->kind == STORE_KEYRING)
		return backend_file.erase(store, err);
	*ret_copy_left = !drop_from_keyring(store);
	return 0;
}

/*
 * A copy that was left is noted as a login in the keyring, so that the next save or
 * logout removes it.
 */
static void store_note(
    const struct store *store, const struct token *token, bool copy_left, struct metadata *state)
{
	state->expires_at = token->expires_at;
	snprintf(state->storage, sizeof(state->storage), "%s",
	    store_kind_name(copy_left ? STORE_KEYRING : store->kind));
	metadata_save(store->state, state);
}

static bool drop_cached(const struct store *store)
{
	char item[STORE_ITEM_MAX];

	store_item(store, item);
	return token_cache_drop(item);
}

int store_save(struct store *store, struct token *token, struct metadata *state, struct err *err)
{
	bool copy_left;

	if (store->file.format->whole_seconds)
		token->expires_at = floor(token->expires_at);
	store->keyring.timeout_ms = 0; /* a new login must not be lost to a short timeout */
	if (was_moved_to_file(store))
		store->kind = STORE_FILE;
	int failed = store_put(store, token, &copy_left, err);
	if (failed && store->kind == STORE_KEYRING) {
		store->kind = STORE_FILE;
		store->fell_back = true;
		failed = store_put(store, token, &copy_left, err);
	}
	drop_cached(store);
	if (failed)
		return -1;
	snprintf(state->oauth_host, sizeof(state->oauth_host), "%s", store->who.oauth_host);
	store_note(store, token, copy_left, state);
	return 0;
}

/*
 * Moves the login from store->found to store->kind. A store to the keyring that failed
 * may have left a copy as well.
 */
static int store_move_login(
    struct store *store, const struct token *token, bool *ret_copy_left, struct err *err)
{
	enum store_kind kind = store->kind;
	int failed = backend_file_check_path(store, err);

	if (!failed && store->found != kind)
		failed = store_put(store, token, ret_copy_left, err);
	else if (!failed)
		*ret_copy_left = !drop_from_keyring(store); /* left by an earlier command */
	if (!failed)
		store->found = kind;
	else if (store->found == STORE_FILE && store->keyring.half_kept)
		*ret_copy_left = true;
	store->kind = store->found;
	return failed;
}

int store_move(struct store *store, enum store_kind kind, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct metadata state;
	bool copy_left = false;
	int failed = store_lock(store, clock_ms() + LOCK_WAIT_MS, err);

	if (!failed)
		failed = store_load(store, &token, err);
	if (failed > 0)
		failed = account_needs_login(&store->who, ERR_LOGIN_REQUIRED, err, "not logged in");
	if (!failed && (store->found != kind || (kind == STORE_FILE && backend_keyring_has_copy(store)))) {
		metadata_load(store->state, token.expires_at, &state);
		store->kind = kind;
		failed = store_move_login(store, &token, &copy_left, err);
		drop_cached(store);
		if (!failed || copy_left)
			store_note(store, &token, copy_left, &state);
		if (!failed && copy_left && store->keyring.error.interrupted)
			failed = signals_error(err);
		else if (!failed && copy_left)
			failed = err_set(err, ERR_BUSY, "run the command again once the keyring answers",
			    "the login was moved to the file, but its copy in the keyring could not be "
			    "removed");
	}
	token_clear(&token);
	store_close(store);
	return failed;
}

int store_erase(struct store *store, struct err *err)
{
	drop_cached(store);
	if (backend_file.erase(store, err) < 0 || backend_keyring.erase(store, err) < 0)
		return -1;
	store->kind = STORE_NOWHERE;
	return newfile_remove(store->state, err);
}

int store_sweep(struct store *store, bool *ret_swept, struct err *err)
{
	*ret_swept = drop_cached(store);
	if (!newfile_is_left(store->file.path) && !newfile_is_left(store->state))
		return 0;
	if (store_lock(store, clock_ms() + LOCK_WAIT_MS, err) < 0)
		return -1;
	*ret_swept = newfile_sweep(store->file.path) || *ret_swept;
	*ret_swept = newfile_sweep(store->state) || *ret_swept;
	store_close(store);
	return 0;
}

int store_check_kind(const struct client *client, const char *name, struct err *err)
{
	if (store_kind_by_name(name) != STORE_KEYRING || client->has_keyring)
		return 0;
	return err_set(err, ERR_USAGE, "leave out --storage",
	    "%s does not use a keyring, so its logins are stored in a file", client->program);
}

const char *store_kind_name(enum store_kind kind)
{
	if (kind == STORE_NOWHERE)
		return NULL;
	return backends[kind]->name;
}

enum store_kind store_kind_by_name(const char *name)
{
	for (enum store_kind kind = STORE_FILE; name && kind <= STORE_KEYRING; kind++)
		if (strcmp(name, backends[kind]->name) == 0)
			return kind;
	return STORE_NOWHERE;
}
