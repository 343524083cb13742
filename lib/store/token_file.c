#include "store/token_file.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/signals.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 1024 * 1024, ROOM_BYTES = 64 * 1024, SETTLE_MS = 200, LOOKS = 20 };

static const char login_again[] = "run 'kimi login'";

/* 0 read, 1 there is none, -1 error. *ret_unsettled: it is damaged, and was written just now. */
static int login_file_look(const char *path, const struct record_format *format, struct token *ret_token,
    enum login_rights *ret_rights, bool *ret_unsettled, struct err *err)
{
	struct buf bytes;
	struct stat st;
	char why[160];

	*ret_unsettled = false;
	buf_init_secret(&bytes, MAX_BYTES);
	int answer = file_read(path, FILE_OWN, &bytes, &st, err);
	if (answer == 0 && (st.st_mode & 077) && st.st_uid == geteuid())
		*ret_rights = file_close_to_others(path, &st) ? LOGIN_TIGHTENED : LOGIN_OPEN;
	if (answer == 0 && format->read(bytes.data, bytes.len, ret_token, why, sizeof(why)) < 0) {
		*ret_unsettled = file_unsettled(&st, SETTLE_MS) > 0;
		answer =
		    err_set(err, ERR_STORAGE, login_again, "the stored login %s is damaged: %s", path, why);
	}
	buf_release(&bytes);
	return answer;
}

int login_file_read(const char *path, const struct record_format *format, struct token *ret_token,
    enum login_rights *ret_rights, struct err *err)
{
	bool unsettled;
	int answer;

	/* kimi-cli has been seen to rewrite it in place: half a file is looked at again. */
	for (int n = 1;; n++) {
		answer = login_file_look(path, format, ret_token, ret_rights, &unsettled, err);
		if (!unsettled || n == LOOKS || signals_sleep(clock_jitter(2, 20), err) < 0)
			return answer;
	}
}

int login_file_make_folder(const char *folder, struct err *err)
{
	struct stat st;

	if (dir_make(folder, err) < 0)
		return -1;
	if (lstat(folder, &st) < 0)
		return err_errno(err, ERR_STORAGE, "change its permissions so that you can read it",
		    "cannot look at %s", folder);
	if (S_ISLNK(st.st_mode))
		return err_set(
		    err, ERR_STORAGE, "replace the link with the directory", "%s is a symbolic link", folder);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_STORAGE,
		    "run the command as that user, or change the directory's owner back",
		    "%s belongs to another user (uid %lu)", folder, (unsigned long)st.st_uid);
	if ((st.st_mode & 077) && dir_set_mode(folder, 0700) < 0)
		return err_errno(err, ERR_STORAGE, "run 'chmod 700' on it", "cannot make %s private", folder);
	return 0;
}

int login_file_check_place(const char *path, struct err *err)
{
	struct stat st;

	newfile_sweep(path);
	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is %s", path,
		    S_ISLNK(st.st_mode) ? "a symbolic link" : "not a regular file");
	if (st.st_uid != geteuid())
		return err_set(err, ERR_STORAGE,
		    "run the command as that user, or change the file's owner back",
		    "%s belongs to another user (uid %lu)", path, (unsigned long)st.st_uid);
	return 0;
}

int login_file_reserve(const char *path, struct newfile *ret_next, struct err *err)
{
	if (newfile_open(ret_next, path, 0600, err) < 0)
		return -1;
	return newfile_reserve(ret_next, ROOM_BYTES, err);
}

static int write_into(
    struct newfile *f, const struct record_format *format, const struct token *token, struct err *err)
{
	char *text = format->print(token);
	int failed = text ? newfile_write(f, text, strlen(text), err) : err_memory(err);

	wipe_str(text);
	return failed < 0 || newfile_commit(f, err) < 0 ? -1 : 0;
}

int login_file_write(const char *path, const struct record_format *format, struct newfile *next,
    const struct token *token, struct err *err)
{
	struct newfile f = NEWFILE_INIT;

	if (next && next->fd >= 0 && write_into(next, format, token, err) == 0)
		return 0;
	if (next)
		newfile_abandon(next);
	int failed = newfile_open(&f, path, 0600, err) < 0 || write_into(&f, format, token, err) < 0;
	newfile_abandon(&f);
	return failed ? -1 : 0;
}

int login_file_rewrite(const char *path, struct err *err)
{
	struct buf bytes;

	buf_init_secret(&bytes, MAX_BYTES);
	int answer = file_read(path, FILE_OWN, &bytes, NULL, err);
	if (answer == 0)
		answer = file_replace(path, 0600, bytes.data, bytes.len, err);
	buf_release(&bytes);
	return answer < 0 ? -1 : 0;
}

int login_file_remove(const char *path, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target));

	/* Without the link nobody would find what it leads to, and that may be any file. */
	if (len >= 0)
		return err_set(err, ERR_STORAGE, "remove that file and the link by hand",
		    "%s is a symbolic link, and the tokens are in %.*s", path, (int)len, target);
	return file_remove(path, err);
}
