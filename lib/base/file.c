#include "base/file.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The name of a sibling: ".NAME.kimi-XXXXXX", so that a sweep knows its own and nobody else's. */
static const char sibling_mark[] = ".kimi-";
enum { sibling_digits = 12 };

static int refuse_kind(const char *path, const struct stat *st, struct err *err)
{
	if (S_ISLNK(st->st_mode))
		return err_set(
		    err, ERR_STORAGE, "replace the link with the file", "%s is a symbolic link", path);
	return err_set(err, ERR_STORAGE, "move it out of the way", "%s is not a regular file", path);
}

static const char *read_advice(int error)
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

static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The folder a path lies in. */
static void folder_of(const char *path, char ret_folder[PATH_MAX])
{
	size_t len = folder_len(path);

	snprintf(ret_folder, PATH_MAX, "%.*s", len ? (int)len : 1, len ? path : ".");
}

/* Root reads what is in another user's home, where the files are that user's own. */
static bool is_own(const char *path, const struct stat *st)
{
	char folder[PATH_MAX];
	struct stat around;

	if (st->st_uid == geteuid())
		return true;
	folder_of(path, folder);
	return geteuid() == 0 && stat(folder, &around) == 0 && around.st_uid == st->st_uid;
}

static int read_open(
    int fd, const char *path, unsigned flags, struct buf *ret_bytes, struct stat *ret_stat, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, ERR_STORAGE, read_advice(errno), "cannot read %s", path);
	if (!S_ISREG(st.st_mode))
		return refuse_kind(path, &st, err);
	if ((flags & FILE_OWN) && !is_own(path, &st))
		return file_refuse_owner(path, &st, err);
	if (st.st_size > 0 && (unsigned long long)st.st_size > ret_bytes->max)
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is too large (%lld bytes)",
		    path, (long long)st.st_size);
	/* Room for one byte more than it has: a read of 0 there says that this was all. */
	size_t room = st.st_size > 0 ? (size_t)st.st_size + 1 : 4096;
	for (;;) {
		if (room > ret_bytes->max - ret_bytes->len)
			room = ret_bytes->max - ret_bytes->len;
		if (!room || !buf_reserve(ret_bytes, room))
			break;
		ssize_t n = read(fd, ret_bytes->data + ret_bytes->len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, ERR_STORAGE, read_advice(errno), "cannot read %s", path);
		if (n == 0)
			break;
		ret_bytes->len += (size_t)n;
		ret_bytes->data[ret_bytes->len] = '\0';
		room = 4096;
	}
	/* A file that grew past its bound while it was read; one that fills it to the byte is the bound's own. */
	char more;
	if (ret_bytes->failed || (!room && read(fd, &more, 1) > 0))
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is too large", path);
	if (ret_stat)
		*ret_stat = st;
	return 0;
}

int file_read(const char *path, unsigned flags, struct buf *ret_bytes, struct stat *ret_stat, struct err *err)
{
	int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (flags & FILE_FOLLOW ? 0 : O_NOFOLLOW));

	if (fd < 0) {
		if (errno == ENOENT)
			return 1;
		int why = errno;
		struct stat st;
		bool there = lstat(path, &st) == 0;
		if (why == ELOOP && there)
			return refuse_kind(path, &st, err);
		if (why == EACCES && there && (flags & FILE_OWN) && st.st_uid != geteuid())
			return file_refuse_owner(path, &st, err);
		errno = why;
		return err_errno(err, ERR_STORAGE, read_advice(why), "cannot read %s", path);
	}
	int failed = read_open(fd, path, flags, ret_bytes, ret_stat, err);
	close(fd);
	return failed;
}

int file_unsettled(const struct stat *st, int settled_ms)
{
	double age = (clock_now() - (double)st->st_mtim.tv_sec) * 1000 - (double)st->st_mtim.tv_nsec / 1e6;

	return age < 0 || age >= settled_ms ? 0 : settled_ms - (int)age;
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

const char *file_place_hint(char ret_hint[FILE_HINT_MAX], const char *path, const char *before,
    const char *after, const char *otherwise)
{
	const char *variable = file_variable_of ? file_variable_of(path) : NULL;

	if (!variable ||
	    !text_join(ret_hint, FILE_HINT_MAX, (const char *const[]){before, variable, after, NULL}))
		return otherwise;
	return ret_hint;
}

static const char *write_advice(char ret_hint[FILE_HINT_MAX], const char *path, int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "free some space and try again";
	case EFBIG:
		return "raise the limit on the size of files (ulimit -f)";
	case EROFS:
		return file_place_hint(ret_hint, path, "the file system is read-only: use a ",
		    " that can be written", "the file system is read-only: make it writable");
	case EACCES:
	case EPERM:
		return file_place_hint(ret_hint, path,
		    "change the permissions so that you can write there, or use another ", "",
		    "change the permissions so that you can write there");
	case EBUSY:
		return "the file is a mount point: mount its directory instead";
	default:
		return "make sure that the file can be replaced";
	}
}

static int refuse_write(const char *what, const char *path, int error, struct err *err)
{
	char hint[FILE_HINT_MAX];

	errno = error;
	return err_errno(err, ERR_STORAGE, write_advice(hint, path, error), "%s %s", what, path);
}

static int refuse_length(const char *path, struct err *err)
{
	char hint[FILE_HINT_MAX];

	return err_set(err, ERR_STORAGE,
	    file_place_hint(hint, path, "use a shorter ", "", "use a shorter path"),
	    "the path %s is too long", path);
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
	return error ? -1 : 1;
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

static int newfile_set_mode(struct newfile *f, mode_t mode, struct err *err)
{
	int result = file_set_mode(f->fd, mode), error = errno;
	char hint[FILE_HINT_MAX];

	f->open_to_others = result != 0;
	if (result >= 0)
		return 0;
	const char *advice = file_place_hint(hint, f->target, "use a ",
	    " on a file system that keeps permissions, or mount this one for yourself only",
	    "mount its file system for yourself only, or use one that keeps permissions");
	errno = error;
	return err_errno(err, ERR_STORAGE, advice, "cannot set the mode of %s", f->target);
}

/* Of this process; one thread at a time replaces files. */
static struct newfile *open_newfile;

static void remove_open_newfiles(void)
{
	for (; open_newfile; open_newfile = open_newfile->next_open)
		unlink(open_newfile->sibling);
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
	size_t folder = folder_len(path);

	for (int attempt = 0; attempt < 16; attempt++) {
		unsigned long long tag =
		    ((unsigned long long)getpid() << 24 ^ (unsigned long long)clock_ms() << 8 ^
		        (unsigned)clock_jitter(0, 255)) &
		    0xffffffffffffULL;
		int n = snprintf(f->sibling, sizeof(f->sibling), "%.*s.%s%s%0*llx", (int)folder, path,
		    path + folder, sibling_mark, sibling_digits, tag);
		if (n < 0 || (size_t)n >= sizeof(f->sibling) || (size_t)n - folder > NAME_MAX)
			return refuse_length(path, err);
		f->fd = open(f->sibling, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (f->fd >= 0 || errno != EEXIST)
			break;
	}
	if (f->fd < 0)
		return refuse_write("cannot create a temporary file next to", path, errno, err);
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

/* All but the ACL, and what the kernel keeps of a file's bytes. What cannot be set is no right of anyone's. */
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
		fremovexattr(f->fd, acl); /* one that the folder gives to its new files */
		/* With an ACL the bits of the group are a mask over all its entries. */
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

	if (error == 0 || error == EOPNOTSUPP || error == EINVAL || error == ENOSYS)
		return 0;
	errno = error;
	return refuse_write("not enough disk space to write", f->target, error, err);
}

int newfile_write(struct newfile *f, const void *bytes, size_t len, struct err *err)
{
	f->synced = false;
	if (write_all(f->fd, bytes, len) < 0)
		return refuse_write("cannot write", f->target, errno, err);
	return 0;
}

static int sync_folder(const char *path)
{
	char folder[PATH_MAX];

	folder_of(path, folder);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int failed = fsync(fd);
	/* Some file systems cannot sync a folder and say EINVAL: nothing more can be done there. */
	if (failed && (errno == EINVAL || errno == ENOTSUP))
		failed = 0;
	close(fd);
	return failed;
}

int newfile_sync(struct newfile *f, struct err *err)
{
	off_t end = lseek(f->fd, 0, SEEK_CUR);

	/* What newfile_reserve() set aside beyond the bytes goes back. */
	if (end < 0 || ftruncate(f->fd, end) < 0 || fsync(f->fd) < 0)
		return refuse_write("cannot write", f->target, errno, err);
	f->synced = true;
	return 0;
}

int newfile_commit(struct newfile *f, struct err *err)
{
	if (!f->synced && newfile_sync(f, err) < 0)
		return -1;
	if (rename(f->sibling, f->target) < 0)
		return refuse_write("cannot replace", f->target, errno, err);
	forget_newfile(f);
	close(f->fd);
	f->fd = -1;
	if (sync_folder(f->target) < 0)
		return err_errno(
		    err, ERR_STORAGE, "check the disk", "cannot flush %s to the disk", f->target);
	return 0;
}

void newfile_abandon(struct newfile *f)
{
	if (f->fd < 0)
		return;
	unlink(f->sibling);
	forget_newfile(f);
	close(f->fd);
	f->fd = -1;
}

size_t newfile_target_len(const char *name)
{
	size_t len = strlen(name), mark_len = sizeof(sibling_mark) - 1;

	if (name[0] != '.' || len <= 1 + mark_len + sibling_digits)
		return 0;
	const char *digits = name + len - sibling_digits;
	if (strspn(digits, "0123456789abcdef") != sibling_digits ||
	    strncmp(digits - mark_len, sibling_mark, mark_len) != 0)
		return 0;
	return len - 1 - mark_len - sibling_digits;
}

/* How many siblings of `path` there are; with `remove` they are gone. */
static int find_siblings(const char *path, bool remove)
{
	char folder[PATH_MAX];
	const char *name = path + folder_len(path);
	size_t name_len = strlen(name);
	int count = 0;

	folder_of(path, folder);
	DIR *dir = opendir(folder);
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
	return find_siblings(path, false) > 0;
}

bool newfile_sweep(const char *path)
{
	return find_siblings(path, true) > 0;
}

int file_replace(const char *path, mode_t mode, const void *bytes, size_t len, struct err *err)
{
	struct newfile f = NEWFILE_INIT;
	int failed = newfile_open(&f, path, mode, err) < 0 || newfile_write(&f, bytes, len, err) < 0 ||
	             newfile_commit(&f, err) < 0;

	newfile_abandon(&f);
	return failed ? -1 : 0;
}

int file_remove(const char *path, struct err *err)
{
	newfile_sweep(path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(err, ERR_STORAGE, "remove it by hand", "cannot remove %s", path);
	return 0;
}

int dir_set_mode(const char *path, mode_t mode)
{
	char opened[40];
	struct stat st;
	/* A umask may have left no right to open it otherwise; what is open as a path is changed through /proc. */
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	int failed = fstat(fd, &st) < 0 || ((st.st_mode & 0777) != mode && chmod(opened, mode) < 0);
	close(fd);
	return failed ? -1 : 0;
}

int dir_make(const char *path, struct err *err)
{
	char part[4096];
	struct stat st;

	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is not a directory", path);
	}
	if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
		return refuse_length(path, err);
	for (char *at = part + (*part == '/');; at++) {
		if (*at != '/' && *at)
			continue;
		char kept = *at;
		*at = '\0';
		/* The umask must not narrow it, or nothing could be made inside. */
		if (mkdir(part, 0700) < 0 ? errno != EEXIST : dir_set_mode(part, 0700) < 0)
			return refuse_write("cannot create the directory", part, errno, err);
		*at = kept;
		if (!kept)
			break;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_STORAGE, "move it out of the way", "%s is not a directory", path);
	return 0;
}
