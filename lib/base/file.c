#include "base/file.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int refuse_kind(const char *path, const struct stat *st, struct err *err)
{
	if (S_ISLNK(st->st_mode))
		return err_set(
		    err, ERR_STORAGE, "replace the link with the file", "%s is a symbolic link", path);
	return err_set(err, ERR_STORAGE, "move it out of the way", "%s is not a regular file", path);
}

static const char *read_hint(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "change its permissions so that you can read it";
	case ENOTDIR:
	case ELOOP:
		return "check that its path consists of directories";
	default:
		return "check the disk";
	}
}

static int file_refuse_owner(const char *path, const struct stat *st, struct err *err)
{
	return err_set(err, ERR_STORAGE, "run the command as that user, or change the file's owner back",
	    "%s belongs to another user (uid %lu)", path, (unsigned long)st->st_uid);
}

size_t file_directory_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash)
		return (size_t)(slash - path) + 1;
	return 0;
}

void file_directory_of(const char *path, char ret_directory[PATH_MAX])
{
	int len = (int)file_directory_len(path);

	if (len)
		snprintf(ret_directory, PATH_MAX, "%.*s", len, path);
	else
		snprintf(ret_directory, PATH_MAX, ".");
}

/* Root may read files in another user's home if they belong to that user. */
static bool is_own(const char *path, const struct stat *st)
{
	char directory[PATH_MAX];
	struct stat around;

	if (st->st_uid == geteuid())
		return true;
	file_directory_of(path, directory);
	return geteuid() == 0 && stat(directory, &around) == 0 && around.st_uid == st->st_uid;
}

/* Reads all of it. -1 with errno, EFBIG if it is larger than the buffer's maximum. */
static int read_all(int fd, off_t size, struct buf *ret_bytes)
{
	/*
	 * One byte more than its size, so that a read of 0 bytes finds the end without
	 * another reservation.
	 */
	size_t space = size > 0 ? (size_t)size + 1 : 4096;
	bool too_large = size > 0 && (unsigned long long)size > ret_bytes->max;
	char more;

	while (!too_large) {
		if (space > ret_bytes->max - ret_bytes->len)
			space = ret_bytes->max - ret_bytes->len;
		if (!space || !buf_reserve(ret_bytes, space))
			break;
		ssize_t n = read(fd, ret_bytes->data + ret_bytes->len, space);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		ret_bytes->len += (size_t)n;
		ret_bytes->data[ret_bytes->len] = '\0';
		space = 4096;
	}
	/* The file may have grown beyond the maximum meanwhile. Exactly the maximum is allowed. */
	if (!too_large && !ret_bytes->failed && (space || read(fd, &more, 1) <= 0))
		return 0;
	errno = EFBIG;
	return -1;
}

/* The file could not be opened or read; errno says why. */
static int read_failed(const char *path, unsigned flags, struct err *err)
{
	int error = errno;
	struct stat st;

	if (error == EFBIG)
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is too large", path);
	bool exists = lstat(path, &st) == 0;
	if (error == ELOOP && exists)
		return refuse_kind(path, &st, err);
	if (error == EACCES && exists && (flags & FILE_OWN) && st.st_uid != geteuid())
		return file_refuse_owner(path, &st, err);
	errno = error;
	return err_errno(err, ERR_STORAGE, read_hint(error), "cannot read %s", path);
}

int file_read(const char *path, unsigned flags, struct buf *ret_bytes, struct stat *ret_stat, struct err *err)
{
	int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags & FILE_FOLLOW ? 0 : O_NOFOLLOW));
	int failed = 0;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0)
		return read_failed(path, flags, err);
	bool has_stat = fstat(fd, &st) == 0;
	if (has_stat && !S_ISREG(st.st_mode))
		failed = refuse_kind(path, &st, err);
	else if (has_stat && (flags & FILE_OWN) && !is_own(path, &st))
		failed = file_refuse_owner(path, &st, err);
	else if (!has_stat || read_all(fd, st.st_size, ret_bytes) < 0)
		failed = read_failed(path, flags, err);
	else if (ret_stat)
		*ret_stat = st;
	close(fd);
	return failed;
}

int file_unsettled(const struct stat *st, int settled_ms)
{
	double age = (clock_now() - (double)st->st_mtim.tv_sec) * 1000 - (double)st->st_mtim.tv_nsec / 1e6;

	if (age < 0 || age >= settled_ms)
		return 0;
	return settled_ms - (int)age;
}

int write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

const char *(*file_variable_of)(const char *path);

/* Without a variable, and with one, which replaces the "$". */
static const struct {
	const char *plain, *with_variable;
} file_hints[] = {
    [FILE_HINT_READ_ONLY] = {"the file system is read-only: make it writable",
        "the file system is read-only: set $ to a directory that can be written"},
    [FILE_HINT_PERMISSIONS] = {"change the permissions so that you can write there",
        "change the permissions so that you can write there, or set $ to another directory"},
    [FILE_HINT_LENGTH] = {"use a shorter path", "set $ to a shorter path"},
    [FILE_HINT_MODES] = {"mount its file system for yourself only, or use one that keeps permissions",
        "set $ to a directory on a file system that keeps permissions, or mount this one for yourself only"},
    [FILE_HINT_OPEN] = {"use a file system that keeps permissions",
        "set $ to a directory on a file system that keeps permissions"},
    [FILE_HINT_LOCKS] = {"use a file system with locks", "set $ to a directory on a file system with locks"},
};

const char *file_hint(char ret_hint[FILE_HINT_MAX], enum file_hint kind, const char *path)
{
	const char *variable = file_variable_of ? file_variable_of(path) : NULL;

	if (!variable) {
		snprintf(ret_hint, FILE_HINT_MAX, "%s", file_hints[kind].plain);
		return ret_hint;
	}
	const char *hint = file_hints[kind].with_variable, *place = strchr(hint, '$');
	snprintf(ret_hint, FILE_HINT_MAX, "%.*s%s%s", (int)(place - hint), hint, variable, place + 1);
	return ret_hint;
}

const char *file_write_hint(char ret_hint[FILE_HINT_MAX], int error, const char *path)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "free some space and try again";
	case EFBIG:
		return "raise the file size limit (ulimit -f)";
	case EROFS:
		return file_hint(ret_hint, FILE_HINT_READ_ONLY, path);
	case EACCES:
	case EPERM:
		return file_hint(ret_hint, FILE_HINT_PERMISSIONS, path);
	case EBUSY:
		return "the file is a mount point: mount its directory instead";
	default:
		return "make sure that the file can be replaced";
	}
}

int file_set_mode(int fd, mode_t mode)
{
	struct stat st;
	int error = 0;

	if (fstat(fd, &st) == 0 && (st.st_mode & 07777) == mode)
		return 0;
	if (fchmod(fd, mode) < 0)
		error = errno;
	if (fstat(fd, &st) < 0)
		return -1;
	if (!(st.st_mode & 077 & ~mode))
		return 0;
	errno = error;
	if (error)
		return -1;
	return 1;
}

bool file_close_to_others(const char *path, const struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	struct stat now;

	if (fd < 0)
		return false;
	bool closed = fstat(fd, &now) == 0 && now.st_dev == st->st_dev && now.st_ino == st->st_ino &&
	              file_set_mode(fd, now.st_mode & 0600) == 0;
	close(fd);
	return closed;
}

int dir_set_mode(const char *path, mode_t mode)
{
	char opened[40];
	struct stat st;
	/*
	 * O_PATH works without any permission on the directory; its mode is changed
	 * through /proc.
	 */
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	int failed = fstat(fd, &st) < 0 || ((st.st_mode & 0777) != mode && chmod(opened, mode) < 0);
	close(fd);
	if (failed)
		return -1;
	return 0;
}

int dir_refuse_owner(const char *path, uid_t owner, struct err *err)
{
	char hint[160] = "run the command as that user, or change the directory's owner back";

	if (geteuid() == 0)
		snprintf(
		    hint, sizeof(hint), "run it as that user: sudo -u '#%lu' kimi ...", (unsigned long)owner);
	return err_set(
	    err, ERR_STORAGE, hint, "%s belongs to another user (uid %lu)", path, (unsigned long)owner);
}

int dir_check_above(const char *path, struct err *err)
{
	const char *first = "./";
	char directory[PATH_MAX];
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (*path == '/')
		first = "";
	snprintf(directory, sizeof(directory), "%s%s", first, path);
	for (char *slash; (slash = strrchr(directory, '/'));) {
		slash[slash == directory] = '\0';
		if (stat(directory, &st) == 0)
			break;
		*slash = '\0';
	}
	if (!*directory || stat(directory, &st) < 0 || st.st_uid == 0)
		return 0;
	return dir_refuse_owner(directory, st.st_uid, err);
}

int dir_make(const char *path, struct err *err)
{
	char part[4096], hint[FILE_HINT_MAX];
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is not a directory", path);
	}
	if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
		return err_set(err, ERR_STORAGE, file_hint(hint, FILE_HINT_LENGTH, path),
		    "the path %s is too long", path);
	for (char *at = part + (*part == '/');; at++) {
		if (*at != '/' && *at)
			continue;
		char kept = *at;
		*at = '\0';
		/* Set the mode, in case the umask removes permissions that we need. */
		if (mkdir(part, 0700) < 0 ? errno != EEXIST : dir_set_mode(part, 0700) < 0)
			return err_errno(err, ERR_STORAGE, file_write_hint(hint, errno, part),
			    "cannot create the directory %s", part);
		*at = kept;
		if (!kept)
			break;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is not a directory", path);
	return 0;
}
