#include "store/token_file.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/signals.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 1024 * 1024, RESERVED_BYTES = 64 * 1024, SETTLE_MS = 200, LOOKS = 20 };

/* As token_file_read(). *ret_unsettled: the file is damaged and was modified just now. */
static int token_file_look(
    struct token_file *file, struct token *ret_token, bool *ret_unsettled, struct err *err)
{
	struct buf bytes;
	struct stat st;
	struct reason reason;

	*ret_unsettled = false;
	buf_init_secret(&bytes, MAX_BYTES);
	int result = file_read(file->path, FILE_OWN, &bytes, &st, err);
	if (result == 0 && (st.st_mode & 077) && st.st_uid == geteuid()) {
		file->access = TOKEN_FILE_OPEN;
		if (file_close_to_others(file->path, &st))
			file->access = TOKEN_FILE_TIGHTENED;
	}
	if (result == 0 && file->format->read(bytes.data, bytes.len, ret_token, &reason) < 0) {
		*ret_unsettled = file_unsettled(&st, SETTLE_MS) > 0;
		result = err_set(
		    err, ERR_STORAGE, NULL, "the stored login %s is damaged: %s", file->path, reason.text);
	}
	buf_release(&bytes);
	return result;
}

int token_file_read(struct token_file *file, struct token *ret_token, struct err *err)
{
	bool unsettled;
	int result;

	/* kimi-cli sometimes writes the file without replacing it, so half of it may be there. */
	for (int n = 1;; n++) {
		result = token_file_look(file, ret_token, &unsettled, err);
		if (!unsettled || n == LOOKS || signals_sleep(clock_jitter(2, 20), err) < 0)
			return result;
	}
}

int token_file_make_directory(const char *directory, struct err *err)
{
	struct stat st;

	if (dir_make(directory, err) < 0)
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

int token_file_check_path(const struct token_file *file, struct err *err)
{
	const char *path = file->path;
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

int token_file_reserve(struct token_file *file, struct err *err)
{
	if (newfile_open(&file->next, file->path, 0600, err) < 0)
		return -1;
	return newfile_reserve(&file->next, RESERVED_BYTES, err);
}

static int write_into(
    struct newfile *f, const struct record_format *format, const struct token *token, struct err *err)
{
	char *text = format->print(token);
	int failed = text ? newfile_write(f, text, strlen(text), err) : err_memory(err);

	wipe_str(text);
	if (failed < 0 || newfile_commit(f, err) < 0)
		return -1;
	return 0;
}

int token_file_write(struct token_file *file, const struct token *token, struct err *err)
{
	struct newfile f = NEWFILE_INIT;

	if (file->next.fd >= 0 && write_into(&file->next, file->format, token, err) == 0)
		return 0;
	newfile_abandon(&file->next);
	int failed =
	    newfile_open(&f, file->path, 0600, err) < 0 || write_into(&f, file->format, token, err) < 0;
	newfile_abandon(&f);
	if (failed)
		return -1;
	return 0;
}

int token_file_rewrite(const struct token_file *file, struct err *err)
{
	struct buf bytes;

	buf_init_secret(&bytes, MAX_BYTES);
	int result = file_read(file->path, FILE_OWN, &bytes, NULL, err);
	if (result == 0)
		result = newfile_replace(file->path, bytes.data, bytes.len, err);
	buf_release(&bytes);
	if (result < 0)
		return -1;
	return 0;
}

int token_file_remove(const struct token_file *file, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlink(file->path, target, sizeof(target));

	/*
	 * The target may be any file, so it is not removed; without the link nobody would
	 * find it.
	 */
	if (len >= 0)
		return err_set(err, ERR_STORAGE, "remove that file and the link by hand",
		    "%s is a symbolic link, and the tokens are in %.*s", file->path, (int)len, target);
	return newfile_remove(file->path, err);
}
