#include "base/file.h"
#include "base/newfile.h"

#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

static void test_reading(void)
{
	struct buf bytes;
	struct stat st;
	struct err err = {0};

	buf_init(&bytes, 10);
	ok(file_read(scratch_path("none"), 0, &bytes, NULL, &err) == 1,
	    "a file that is not there is 1, no error");
	scratch_write("a", "0123456789", 0640);
	ok(file_read(scratch_path("a"), FILE_OWN, &bytes, &st, &err) == 0 &&
	        strcmp(bytes.data, "0123456789") == 0 && st.st_size == 10,
	    "a file is read, as large as the buffer's maximum");
	buf_clear(&bytes);
	ok(file_read(scratch_path("a"), 0, &bytes, &st, &err) == 0 && (st.st_mode & 0777) == 0640 &&
	        file_close_to_others(scratch_path("a"), &st) && scratch_mode("a") == 0600,
	    "loose rights are taken away");
	scratch_write("a", "0123456789", 0777);
	buf_clear(&bytes);
	ok(file_read(scratch_path("a"), 0, &bytes, &st, &err) == 0 &&
	        file_close_to_others(scratch_path("a"), &st) && scratch_mode("a") == 0600,
	    "so is that to run it");
	struct stat other = st;
	other.st_ino++;
	scratch_write("a", "0123456789", 0644);
	ok(!file_close_to_others(scratch_path("a"), &other) && scratch_mode("a") == 0644,
	    "another file in its place is left alone");
	scratch_write("a", "0123456789x", 0600);
	buf_clear(&bytes);
	ok(file_read(scratch_path("a"), 0, &bytes, NULL, &err) == -1 && err.code == ERR_STORAGE &&
	        strstr(err.what, "too large"),
	    "one byte more is too large");
	buf_clear(&bytes);
	ok(file_read("/proc/self/maps", 0, &bytes, NULL, &err) == -1 && strstr(err.what, "too large"),
	    "so is a file that does not tell its size");
	buf_release(&bytes);
}

static bool is_refused(const char *path, unsigned flags, const char *because)
{
	struct buf bytes;
	struct err err = {0};

	buf_init(&bytes, 100);
	bool refused = file_read(path, flags, &bytes, NULL, &err) == -1 && err.code == ERR_STORAGE &&
	               strstr(err.what, because);
	if (!refused)
		printf("# %s\n", err.what);
	buf_release(&bytes);
	return refused;
}

static void test_what_is_no_file(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct buf bytes;
	struct err err;

	scratch_write("real", "x", 0600);
	ok(symlink("real", scratch_path("link")) == 0 && is_refused(scratch_path("link"), 0, "symbolic link"),
	    "a link in the file's place is refused");
	buf_init(&bytes, 100);
	ok(file_read(scratch_path("link"), FILE_FOLLOW, &bytes, NULL, &err) == 0 &&
	        strcmp(bytes.data, "x") == 0,
	    "unless it may be followed");
	buf_release(&bytes);
	ok(mkfifo(scratch_path("fifo"), 0600) == 0 &&
	        is_refused(scratch_path("fifo"), 0, "not a regular file"),
	    "a FIFO without a writer is refused at once");
	ok(symlink("fifo", scratch_path("link2")) == 0 &&
	        is_refused(scratch_path("link2"), FILE_FOLLOW, "not a regular file"),
	    "behind a link too");
	ok(mkdir(scratch_path("folder"), 0700) == 0 &&
	        is_refused(scratch_path("folder"), 0, "not a regular file"),
	    "a folder is refused");
	ok(is_refused("/dev/zero", 0, "not a regular file"), "a device is refused");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/socket", scratch_directory);
	ok(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	        is_refused(scratch_path("socket"), 0, "cannot read"),
	    "a socket is refused");
	close(fd);
	if (geteuid() == 0)
		ok(chown(scratch_path("real"), 1, 1) == 0 &&
		        is_refused(scratch_path("real"), FILE_OWN, "another user"),
		    "another user's file is refused where it must be one's own");
	else
		ok(is_refused("/etc/passwd", FILE_OWN, "another user"),
		    "another user's file is refused where it must be one's own");
}

/* The number of temporary files of "t". */
static int siblings(void)
{
	char command[256];

	snprintf(command, sizeof(command), "ls -A %s | grep -c '^\\.t\\.kimi-'", scratch_directory);
	FILE *out = popen(command, "re");
	int count = -1;
	if (!out || fscanf(out, "%d", &count) != 1)
		count = -1;
	if (out)
		pclose(out);
	return count;
}

static void test_replacing(void)
{
	struct newfile f = NEWFILE_INIT;
	struct err err = {0};

	scratch_write("t", "old", 0644);
	ok(newfile_open(&f, scratch_path("t"), 0600, &err) == 0 && f.fd >= 0 && siblings() == 1 &&
	        scratch_holds("t", "old"),
	    "an open newfile is a sibling, the target is as it was");
	ok(newfile_reserve(&f, 100000, &err) == 0 && newfile_write(&f, "new", 3, &err) == 0 &&
	        newfile_write(&f, "er", 2, &err) == 0 && scratch_holds("t", "old"),
	    "writing does not touch the target");
	ok(newfile_commit(&f, &err) == 0 && scratch_holds("t", "newer") && siblings() == 0 && f.fd == -1,
	    "committed, it is the target, without the room that was set aside beyond it");
	ok(scratch_mode("t") == 0600, "with the mode that was wanted");
	newfile_abandon(&f);
	ok(scratch_holds("t", "newer"), "abandoning does nothing once committed");
	umask(0277);
	ok(newfile_open(&f, scratch_path("t"), 0640, &err) == 0 && newfile_write(&f, "x", 1, &err) == 0 &&
	        newfile_commit(&f, &err) == 0 && scratch_mode("t") == 0640,
	    "the umask neither widens nor narrows the mode");
	umask(022);
	newfile_open(&f, scratch_path("t"), 0600, &err);
	newfile_write(&f, "lost", 4, &err);
	newfile_abandon(&f);
	ok(scratch_holds("t", "x") && siblings() == 0, "abandoned, nothing is left of it");
	ok(newfile_replace(scratch_path("fresh"), "one go", 6, &err) == 0 && scratch_holds("fresh", "one go"),
	    "a file is made in one go where none was");
	scratch_write("behind", "kept", 0600);
	ok(symlink("behind", scratch_path("s")) == 0 &&
	        newfile_replace(scratch_path("s"), "y", 1, &err) == 0 && scratch_holds("behind", "kept") &&
	        scratch_holds("s", "y"),
	    "a link in the target's place is replaced, what it named is kept");
}

static void test_replacing_fails(void)
{
	struct newfile f = NEWFILE_INIT;
	struct err err = {0};
	char long_name[400];

	ok(newfile_open(&f, scratch_path("no/t"), 0600, &err) == -1 && err.code == ERR_STORAGE && f.fd == -1,
	    "no folder, no newfile");
	newfile_abandon(&f);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[250] = '\0';
	ok(newfile_open(&f, scratch_path(long_name), 0600, &err) == -1 && strstr(err.what, "too long") &&
	        f.fd == -1,
	    "a name that leaves no room for a sibling's is too long");
	mkdir(scratch_path("d"), 0700);
	ok(newfile_replace(scratch_path("d"), "x", 1, &err) == -1 && err.code == ERR_STORAGE,
	    "a folder is not replaced");
	char command[256];
	snprintf(command, sizeof(command), "ls -A %s | grep -q '^\\.d\\.'", scratch_directory);
	ok(system(command) != 0, "and no sibling stays behind");
	newfile_open(&f, scratch_path("t"), 0600, &err);
	ok(newfile_reserve(&f, (size_t)1 << 62, &err) == -1 && strstr(err.what, "not enough disk space"),
	    "room that is not there is told before anything is written");
	newfile_abandon(&f);
	ok(siblings() == 0, "and is cleaned up");
}

static void test_sweeping(void)
{
	static const struct {
		const char *name;
		bool stays;
	} files[] = {
	    {".t.kimi-0123456789ab", false}, {".t.kimi-ffffffffffff", false}, {"t", true},
	    {".t.kimi-0123456789a", true},                                   /* one digit too few */
	    {".t.kimi-0123456789abc", true},                                 /* one digit too many */
	    {".t.kimi-0123456789aX", true}, {".tt.kimi-0123456789ab", true}, /* of another target */
	    {"t.kimi-0123456789ab", true}, {".t.kimi-0123456789ab.bak", true},
	    {".t.tmp-0123456789ab", true}, /* of another program */
	};
	bool swept = true, kept = true;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		scratch_write(files[i].name, "x", 0600);
	newfile_sweep(scratch_path("t"));
	newfile_sweep(scratch_path("no folder/t"));
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		bool there = scratch_mode(files[i].name) >= 0;
		swept = swept && (files[i].stays || !there);
		kept = kept && (!files[i].stays || there);
	}
	ok(swept, "what killed writers left is swept");
	ok(kept, "and nothing that only looks like it");
}

static void test_directorys(void)
{
	struct err err = {0};

	ok(dir_make(scratch_path("p/q//r"), &err) == 0 && scratch_mode("p") == 0700 &&
	        scratch_mode("p/q/r") == 0700,
	    "a folder is made with those above it, for its user alone");
	umask(0777);
	ok(dir_make(scratch_path("p/u/v"), &err) == 0 && scratch_mode("p/u") == 0700 &&
	        scratch_mode("p/u/v") == 0700,
	    "whatever the umask");
	umask(022);
	ok(dir_make(scratch_path("p/q/r"), &err) == 0 && dir_make("/", &err) == 0,
	    "one that is there is fine");
	ok(dir_make(scratch_path("p/e/"), &err) == 0 && scratch_mode("p/e") == 0700,
	    "a slash at the end too");
	scratch_write("f", "", 0600);
	ok(dir_make(scratch_path("f"), &err) == -1 && strstr(err.what, "not a directory"),
	    "a file in its place is not");
	ok(dir_make(scratch_path("f/g"), &err) == -1 && err.code == ERR_STORAGE, "nor on the way");
	ok(dir_make("", &err) == -1 && err.code == ERR_STORAGE, "no name is no folder");
	if (chdir(scratch_directory) == 0)
		ok(dir_make("rel/ative", &err) == 0 && scratch_mode("rel/ative") == 0700,
		    "a relative path will do");
}

int main(void)
{
	scratch_open();
	test_reading();
	test_what_is_no_file();
	test_replacing();
	test_replacing_fails();
	test_sweeping();
	test_directorys();
	scratch_close();
	return tap_done();
}
