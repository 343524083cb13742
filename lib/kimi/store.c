#include "kimi/store.h"

#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LOGIN_BYTES = 1024 * 1024, ROOM_BYTES = 64 * 1024 };

static const char login_again[] = "run 'kimi login' to log in again";

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

int store_open(struct store *store, const struct home *home, const char *key, struct err *err)
{
	static const char prefix[] = "oauth/";
	const char *name = key + sizeof(prefix) - 1;

	*store = (struct store){.lock = LOCK_INIT, .next = NEWFILE_INIT};
	if (strncmp(key, prefix, sizeof(prefix) - 1) != 0 || !is_safe_name(name))
		return err_set(err, ERR_CONFIG, "use a name without '/', '..' or a leading '.'",
		    "'%.100s' cannot be the key of a login", key);
	snprintf(store->key, sizeof(store->key), "%s", key);
	home_credentials_folder(home, store->folder);
	home_credentials_file(home, name, "json", store->file);
	home_credentials_file(home, name, "state", store->state);
	home_credentials_file(home, name, "lock", store->lock_file);
	return 0;
}

void store_close(struct store *store)
{
	newfile_abandon(&store->next);
	store_unlock(store);
}

int store_load(struct store *store, struct token *ret_token, struct err *err)
{
	struct buf bytes;
	struct stat st;
	char why[160];

	buf_init_secret(&bytes, MAX_LOGIN_BYTES);
	int answer = file_read(store->file, FILE_OWN | FILE_PRIVATE, &bytes, &st, err);
	if (answer == 0 && token_read(bytes.data, bytes.len, ret_token, why, sizeof(why)) < 0)
		answer = err_set(
		    err, ERR_STORAGE, login_again, "the stored login %s is damaged: %s", store->file, why);
	if (answer == 0) {
		store->kind = STORE_FILE;
		store->tightened = store->tightened || (st.st_mode & 077);
	} else {
		store->kind = STORE_NOWHERE;
	}
	buf_release(&bytes);
	return answer;
}

/* The folder must be the user's own and closed to others: who can write there can put another login in place. */
static int make_folder(const struct store *store, struct err *err)
{
	struct stat st;

	if (dir_make(store->folder, err) < 0)
		return -1;
	if (stat(store->folder, &st) < 0)
		return err_errno(err, ERR_STORAGE, NULL, "cannot look at %s", store->folder);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_STORAGE, "run the command as that user, or give the folder back",
		    "%s belongs to another user (uid %lu)", store->folder, (unsigned long)st.st_uid);
	if ((st.st_mode & 077) && chmod(store->folder, 0700) < 0)
		return err_errno(
		    err, ERR_STORAGE, "chmod it to 700", "cannot close %s to others", store->folder);
	return 0;
}

int store_lock(struct store *store, long long deadline, struct err *err)
{
	if (make_folder(store, err) < 0)
		return -1;
	return lock_acquire(&store->lock, store->lock_file, deadline, err);
}

void store_unlock(struct store *store)
{
	lock_release(&store->lock);
}

static int write_login(struct newfile *f, const struct token *token, struct err *err)
{
	char *text = token_print(token);
	int failed = text ? newfile_write(f, text, strlen(text), err) : err_memory(err);

	wipe_str(text);
	return failed < 0 || newfile_commit(f, err) < 0 ? -1 : 0;
}

static int replace_login(const struct store *store, const struct token *token, struct err *err)
{
	struct newfile f = NEWFILE_INIT;
	int failed = newfile_open(&f, store->file, 0600, err) < 0 || write_login(&f, token, err) < 0;

	newfile_abandon(&f);
	return failed ? -1 : 0;
}

/* What would be refused on reading must not be replaced unseen either. */
static int refuse_odd_place(const struct store *store, struct err *err)
{
	struct stat st;

	if (lstat(store->file, &st) < 0)
		return 0;
	if (S_ISREG(st.st_mode) && st.st_uid != geteuid())
		return err_set(err, ERR_STORAGE, "run the command as that user, or give the file back",
		    "%s belongs to another user (uid %lu)", store->file, (unsigned long)st.st_uid);
	if (S_ISREG(st.st_mode))
		return 0;
	return err_set(err, ERR_STORAGE, "move it out of the way", "%s is %s", store->file,
	    S_ISLNK(st.st_mode) ? "a symbolic link" : "not a regular file");
}

int store_prepare(struct store *store, const struct token *present, struct err *err)
{
	newfile_abandon(&store->next);
	newfile_sweep(store->file);
	newfile_sweep(store->state);
	if (refuse_odd_place(store, err) < 0 || (present && replace_login(store, present, err) < 0))
		return -1;
	if (newfile_open(&store->next, store->file, 0600, err) < 0)
		return -1;
	return newfile_reserve(&store->next, ROOM_BYTES, err);
}

int store_save(struct store *store, const struct token *token, struct err *err)
{
	if (store->next.fd >= 0 && write_login(&store->next, token, err) == 0) {
		store->kind = STORE_FILE;
		return 0;
	}
	newfile_abandon(&store->next);
	if (replace_login(store, token, err) < 0)
		return -1;
	store->kind = STORE_FILE;
	return 0;
}

int store_erase(struct store *store, struct err *err)
{
	const char *const paths[] = {store->file, store->state};

	for (size_t i = 0; i < 2; i++) {
		newfile_sweep(paths[i]);
		if (unlink(paths[i]) < 0 && errno != ENOENT)
			return err_errno(err, ERR_STORAGE, "remove it by hand", "cannot remove %s", paths[i]);
	}
	store->kind = STORE_NOWHERE;
	return 0;
}

const char *store_kind_name(enum store_kind kind)
{
	return kind == STORE_FILE ? "file" : kind == STORE_KEYRING ? "keyring" : NULL;
}
