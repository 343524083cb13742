#include "base/newfile.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The temporary file is ".NAME.kimi-XXXXXXXXXXXX", so that newfile_sweep() can recognize it. */
static const char temporary_mark[] = ".kimi-";
enum { temporary_digits = 12 };

static int newfile_set_mode(struct newfile *f, mode_t mode, struct err *err)
{
	int result = file_set_mode(f->fd, mode), error = errno;
	char hint[FILE_HINT_MAX];

	f->open_to_others = result != 0;
	if (result >= 0)
		return 0;
	file_hint(hint, FILE_HINT_MODES, f->target);
	errno = error;
	return err_errno(err, ERR_STORAGE, hint, "cannot set the mode of %s", f->target);
}

/* All open ones of this process. Only one thread at a time replaces files. */
static struct newfile *open_newfile;

static void remove_open_newfiles(void)
{
	for (; open_newfile; open_newfile = open_newfile->next_open)
		unlink(open_newfile->temporary);
}

static void forget_newfile(const struct newfile *f)
{
	struct newfile **at = &open_newfile;

	while (*at && *at != f)
		at = &(*at)->next_open;
	if (*at)
		*at = f->next_open;
}

int newfile_open(struct newfile *f, const char *path, mode_t mode, struct err *err)
{
	size_t directory = file_directory_len(path);
	char hint[FILE_HINT_MAX];

	for (int attempt = 0; attempt < 16; attempt++) {
		unsigned long long tag =
		    ((unsigned long long)getpid() << 24 ^ (unsigned long long)clock_ms() << 8 ^
		        (unsigned)clock_jitter(0, 255)) &
		    0xffffffffffffULL;
		int n = snprintf(f->temporary, sizeof(f->temporary), "%.*s.%s%s%0*llx", (int)directory, path,
		    path + directory, temporary_mark, temporary_digits, tag);
		if (n < 0 || (size_t)n >= sizeof(f->temporary) || (size_t)n - directory > NAME_MAX)
			return err_set(err, ERR_STORAGE, file_hint(hint, FILE_HINT_LENGTH, path),
			    "the path %s is too long", path);
		f->fd = open(f->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (f->fd >= 0 || errno != EEXIST)
			break;
	}
	if (f->fd < 0)
		return err_errno(err, ERR_STORAGE, file_write_hint(hint, errno, path),
		    "cannot create a temporary file next to %s", path);
	f->synced = f->stricter = false;
	snprintf(f->target, sizeof(f->target), "%s", path);
	f->next_open = open_newfile;
	open_newfile = f;
	memory_before_end(remove_open_newfiles);
	int failed = newfile_set_mode(f, mode, err); /* the umask must not narrow it */
	if (failed)
		newfile_abandon(f);
	return failed;
}

static const char acl[] = "system.posix_acl_access";

static bool copy_attribute(int from, int to, const char *name)
{
	char value[XATTR_SIZE_MAX];
	ssize_t len = fgetxattr(from, name, value, sizeof(value));

	return len >= 0 && fsetxattr(to, name, value, (size_t)len, 0) == 0;
}

/*
 * All but the ACL and attributes about the bytes of the file. Ignores errors: none of
 * these grants access.
 */
static void copy_attributes(int from, int to)
{
	char names[XATTR_LIST_MAX];
	ssize_t len = flistxattr(from, names, sizeof(names));

	for (const char *name = names; name < names + len; name += strlen(name) + 1)
		if (strcmp(name, acl) != 0 &&
		    (strncmp(name, "security.", 9) != 0 || strcmp(name, "security.selinux") == 0))
			copy_attribute(from, to, name);
}

int newfile_keep(struct newfile *f, mode_t mode, struct err *err)
{
	int old = open(f->target, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	struct stat was, is;
	bool keeps = false;

	if (old >= 0 && fstat(old, &was) == 0 && fstat(f->fd, &is) == 0) {
		keeps = was.st_gid == is.st_gid || fchown(f->fd, (uid_t)-1, was.st_gid) == 0;
		copy_attributes(old, f->fd);
		fremovexattr(f->fd, acl); /* inherited from the directory */
		/* With an ACL, the group bits of the mode are a mask for all its entries. */
		if (keeps && (was.st_mode & 0777) == (mode & 0777) && fgetxattr(old, acl, NULL, 0) >= 0)
			keeps = copy_attribute(old, f->fd, acl);
	}
	if (old >= 0)
		close(old);
	f->stricter = !keeps && (mode & 070);
	if (f->stricter)
		mode &= ~(mode_t)070;
	return newfile_set_mode(f, mode, err);
}

int newfile_reserve(struct newfile *f, size_t bytes, struct err *err)
{
	int error = posix_fallocate(f->fd, 0, (off_t)bytes);
	char hint[FILE_HINT_MAX];

	if (error == 0 || error == EOPNOTSUPP || error == EINVAL || error == ENOSYS)
		return 0;
	errno = error;
	return err_errno(err, ERR_STORAGE, file_write_hint(hint, error, f->target),
	    "not enough disk space to write %s", f->target);
}

static int newfile_cannot_write(const struct newfile *f, struct err *err)
{
	char hint[FILE_HINT_MAX];

	return err_errno(
	    err, ERR_STORAGE, file_write_hint(hint, errno, f->target), "cannot write %s", f->target);
}

int newfile_write(struct newfile *f, const void *bytes, size_t len, struct err *err)
{
	f->synced = false;
	if (write_all(f->fd, bytes, len) < 0)
		return newfile_cannot_write(f, err);
	return 0;
}

static int sync_directory(const char *path)
{
	char directory[PATH_MAX];

	file_directory_of(path, directory);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int failed = fsync(fd);
	/* Some file systems do not support fsync on a directory. */
	if (failed && (errno == EINVAL || errno == ENOTSUP))
		failed = 0;
	close(fd);
	return failed;
}

int newfile_sync(struct newfile *f, struct err *err)
{
	off_t end = lseek(f->fd, 0, SEEK_CUR);

	/* Frees what newfile_reserve() allocated beyond the end. */
	if (end < 0 || ftruncate(f->fd, end) < 0 || fsync(f->fd) < 0)
		return newfile_cannot_write(f, err);
	f->synced = true;
	return 0;
}

/* With RENAME_NOREPLACE, that flag is ignored where the file system lacks it. */
static int newfile_rename(const struct newfile *f, unsigned flags)
{
	int result;

	if (!flags)
		return rename(f->temporary, f->target);
	result = renameat2(AT_FDCWD, f->temporary, AT_FDCWD, f->target, flags);
	if (result < 0 && errno == EINVAL)
		result = rename(f->temporary, f->target);
	return result;
}

/* With RENAME_NOREPLACE, 1: the target exists. */
static int newfile_commit_as(struct newfile *f, unsigned flags, struct err *err)
{
	char hint[FILE_HINT_MAX];

	if (!f->synced && newfile_sync(f, err) < 0)
		return -1;
	int result = newfile_rename(f, flags);
	if (result < 0 && flags && errno == EEXIST)
		return 1;
	if (result < 0)
		return err_errno(err, ERR_STORAGE, file_write_hint(hint, errno, f->target),
		    "cannot replace %s", f->target);
	forget_newfile(f);
	close(f->fd);
	f->fd = -1;
	if (sync_directory(f->target) < 0)
		return err_errno(
		    err, ERR_STORAGE, "check the disk", "cannot flush %s to the disk", f->target);
	return 0;
}

int newfile_commit(struct newfile *f, struct err *err)
{
	return newfile_commit_as(f, 0, err);
}

void newfile_abandon(struct newfile *f)
{
	if (f->fd < 0)
		return;
	unlink(f->temporary);
	forget_newfile(f);
	close(f->fd);
	f->fd = -1;
}

size_t newfile_target_len(const char *name)
{
	size_t len = strlen(name), mark_len = sizeof(temporary_mark) - 1;

	if (name[0] != '.' || len <= 1 + mark_len + temporary_digits)
		return 0;
	const char *digits = name + len - temporary_digits;
	if (strspn(digits, "0123456789abcdef") != temporary_digits ||
	    strncmp(digits - mark_len, temporary_mark, mark_len) != 0)
		return 0;
	return len - 1 - mark_len - temporary_digits;
}

/* Counts the temporary files of `path`; with `remove`, removes them and counts those removed. */
static int find_temporary(const char *path, bool remove)
{
	char directory[PATH_MAX];
	const char *name = path + file_directory_len(path);
	size_t name_len = strlen(name);
	int count = 0;

	file_directory_of(path, directory);
	DIR *dir = opendir(directory);
	if (!dir)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (newfile_target_len(entry->d_name) == name_len &&
		    strncmp(entry->d_name + 1, name, name_len) == 0)
			count += !remove || unlinkat(dirfd(dir), entry->d_name, 0) == 0;
	closedir(dir);
	return count;
}

bool newfile_is_left(const char *path)
{
	return find_temporary(path, false) > 0;
}

bool newfile_sweep(const char *path)
{
	return find_temporary(path, true) > 0;
}

static int newfile_write_whole(
    const char *path, const void *bytes, size_t len, unsigned flags, struct err *err)
{
	struct newfile f = NEWFILE_INIT;
	int result = newfile_open(&f, path, 0600, err);

	if (result == 0)
		result = newfile_write(&f, bytes, len, err);
	if (result == 0)
		result = newfile_commit_as(&f, flags, err);
	newfile_abandon(&f);
	return result;
}

int newfile_replace(const char *path, const void *bytes, size_t len, struct err *err)
{
	return newfile_write_whole(path, bytes, len, 0, err);
}

int newfile_create(const char *path, const void *bytes, size_t len, struct err *err)
{
	return newfile_write_whole(path, bytes, len, RENAME_NOREPLACE, err);
}

int newfile_remove(const char *path, struct err *err)
{
	newfile_sweep(path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, ERR_STORAGE, "remove it by hand", "cannot remove %s", path);
	return 0;
}
