/* The file backend: the private file credentials/NAME.json, which the home's client reads too. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/signals.h"
#include "store/backend.h"
#include "store/store.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 1024 * 1024, RESERVED_BYTES = 64 * 1024, SETTLE_MS = 200, LOOKS = 20 };

/* As file_read_token(). *ret_unsettled: the file is damaged and was modified just now. */
static int file_look(struct store_file *file, struct token *ret_token, bool *ret_unsettled, struct err *err)
{
	struct buf bytes;
	struct stat st;
	struct reason reason;

	*ret_unsettled = false;
	buf_init_secret(&bytes, MAX_BYTES);
	int result = file_read(file->path, FILE_OWN, &bytes, &st, err);
	if (result == 0 && (st.st_mode & 077) && st.st_uid == geteuid()) {
		file->access = STORE_FILE_OPEN;
		if (file_close_to_others(file->path, &st))
			file->access = STORE_FILE_TIGHTENED;
	}
	if (result == 0 && file->format->read(bytes.data, bytes.len, ret_token, &reason) < 0) {
		*ret_unsettled = file_unsettled(&st, SETTLE_MS) > 0;
		result = err_set(
		    err, ERR_STORAGE, NULL, "the stored login %s is damaged: %s", file->path, reason.text);
	}
	buf_release(&bytes);
	return result;
}

/*
 * 0: read, and the caller clears *ret_token. 1: there is no file. -1: it cannot be read, or
 * it is damaged. Sets a wider mode than 0600 to 0600, and file->access. A damaged file that
 * was modified just now is read again for a moment, since another program may be writing it.
 */
static int file_read_token(struct store_file *file, struct token *ret_token, struct err *err)
{
	bool unsettled;
	int result;

	/* kimi-cli sometimes writes the file without replacing it, so half of it may be there. */
	for (int n = 1;; n++) {
		result = file_look(file, ret_token, &unsettled, err);
		if (!unsettled || n == LOOKS || signals_sleep(clock_jitter(2, 20), err) < 0)
			return result;
	}
}

static int file_load(struct store *store, struct token *ret_token, struct err *err)
{
	int result = file_read_token(&store->file, ret_token, err);
	char hint[ACCOUNT_HINT_MAX];

	if (result < 0 && err && !*err->hint)
		err_advise(err, account_login_hint(&store->who, hint));
	store->found = store->kind = result == 0 ? STORE_FILE : STORE_NOWHERE;
	return result;
}

int backend_file_check_path(const struct store *store, struct err *err)
{
	const char *path = store->file.path;
	struct stat st;

	newfile_sweep(path);
	if (lstat(path, &st) < 0)
		return 0;
	if (S_ISLNK(st.st_mode))
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is a symbolic link", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is not a regular file", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_STORAGE,
		    "run the command as that user, or change the file's owner back",
		    "%s belongs to another user (uid %lu)", path, (unsigned long)st.st_uid);
	return 0;
}

int backend_file_reserve(struct store *store, struct err *err)
{
	if (newfile_open(&store->file.next, store->file.path, 0600, err) < 0)
		return -1;
	return newfile_reserve(&store->file.next, RESERVED_BYTES, err);
}

static int file_probe(struct store *store, const struct token *present, struct err *err)
{
	const char *path = store->file.path;
	struct buf bytes;

	if (!present)
		return 0;
	buf_init_secret(&bytes, MAX_BYTES);
	int result = file_read(path, FILE_OWN, &bytes, NULL, err);
	if (result == 0)
		result = newfile_replace(path, bytes.data, bytes.len, err);
	buf_release(&bytes);
	if (result < 0)
		return -1;
	return 0;
}

/* Uses what backend_file_reserve() has allocated if there is any. */
static int file_save(struct store *store, const struct token *token, struct err *err)
{
	struct newfile *next = &store->file.next;
	char *text = store->file.format->print(token);
	bool saved = text && next->fd >= 0 && newfile_write(next, text, strlen(text), err) == 0 &&
	             newfile_commit(next, err) == 0;
	int result = 0;

	newfile_abandon(next);
	if (!text)
		result = err_memory(err);
	else if (!saved)
		result = newfile_replace(store->file.path, text, strlen(text), err);
	wipe_str(text);
	return result;
}

/* -1 also for a symbolic link, because its target would stay. */
static int file_erase(struct store *store, struct err *err)
{
	const char *path = store->file.path;
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target));

	/*
	 * The target may be any file, so it is not removed; without the link nobody would
	 * find it.
	 */
	if (len >= 0)
		return err_set(err, ERR_STORAGE, "remove that file and the link by hand",
		    "%s is a symbolic link, and the tokens are in %.*s", path, (int)len, target);
	return newfile_remove(path, err);
}

const struct store_backend backend_file = {
    .name = "file",
    .load = file_load,
    .probe = file_probe,
    .save = file_save,
    .erase = file_erase,
};
