#include "home/dir_lock.h"

#include "base/clock.h"
#include "base/signals.h"
#include "scratch.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

/*
 * The system as the lock sees it: clocks that the test sets, shorter waits,
 * and other processes that act at the worst moment.
 */
static _Atomic long long wall_ahead_ms, boot_ahead_ms, wall_fixed_ms;
static void (*before_rename)(void), (*before_renameat2)(void), (*after_mkdir_failed)(void);

/* 1 while the thread must not run between an action of the test and its check */
static int waits_shorter = 1;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int failed = (int)syscall(SYS_clock_gettime, clock, ret);
	long long ahead = clock == CLOCK_REALTIME   ? wall_ahead_ms
	                  : clock == CLOCK_BOOTTIME ? boot_ahead_ms
	                                            : 0;
	long long now = (long long)ret->tv_sec * 1000000000 + ret->tv_nsec + ahead * 1000000;

	if (clock == CLOCK_REALTIME && wall_fixed_ms)
		now = wall_fixed_ms * 1000000;
	*ret = (struct timespec){.tv_sec = now / 1000000000, .tv_nsec = now % 1000000000};
	return failed;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int shorter = timeout > 0 ? (timeout + waits_shorter - 1) / waits_shorter : timeout;
	struct timespec wait = {.tv_sec = shorter / 1000, .tv_nsec = shorter % 1000 * 1000000};

	return ppoll(fds, count, timeout < 0 ? NULL : &wait, NULL);
}

static void meet(void (**other)(void))
{
	void (*act)(void) = *other;

	*other = NULL;
	if (act)
		act();
}

int mkdir(const char *path, mode_t mode)
{
	int failed = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
	int error = errno;

	if (failed)
		meet(&after_mkdir_failed);
	errno = error;
	return failed;
}

int rename(const char *from, const char *to)
{
	meet(&before_rename);
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
	meet(&before_renameat2);
	return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
}

static struct home home;
static struct err err;

static const char slot[] = "kimi-code-env-0123456789abcdef";
static const char sentinel_name[] = "oauth/kimi-code-env-0123456789abcdef";
static const char lock_name[] = "oauth/kimi-code-env-0123456789abcdef.lock";
static const char queue_name[] = "credentials/kimi-code-env-0123456789abcdef.flock";

static const char *lock_path(void)
{
	return scratch_path(lock_name);
}

static int acquire(struct dir_lock *lock, int wait_ms)
{
	err = (struct err){0};
	*lock = (struct dir_lock){.home = &home, .slot = slot};
	return dir_lock_acquire(lock, clock_ms() + wait_ms, &err);
}

static struct stat look(void)
{
	struct stat st = {0};

	lstat(lock_path(), &st);
	return st;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino && a->st_ino == b->st_ino && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The directory is unchanged, and its parent has only it and the sentinel. */
static bool is_untouched(const struct stat *before)
{
	struct stat now = look();
	DIR *directory = opendir(scratch_path("oauth"));
	int entries = 0;

	while (directory && readdir(directory))
		entries++;
	if (directory)
		closedir(directory);
	return is_same(before, &now) && entries == 4; /* with . and .. */
}

/* Sets its mtime to that many milliseconds ago. */
static struct stat set_age(long long age_ms)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	long long at = (long long)times[0].tv_sec * 1000 + times[0].tv_nsec / 1000000 - age_ms;
	times[0] = times[1] = (struct timespec){.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
	utimensat(AT_FDCWD, lock_path(), times, 0);
	return look();
}

static struct stat leave_lock(long long age_ms)
{
	mkdir(scratch_path("oauth"), 0700);
	scratch_write(sentinel_name, "", 0600);
	mkdir(lock_path(), 0700);
	return set_age(age_ms);
}

/*
 * A process that holds the lock as kimi-code 2.1.0 does: it ends with an error
 * if its directory was touched. It obeys one-letter commands.
 */
struct imitation {
	pid_t pid;
	int letters; /* writes to it */
};

static int imitate(int letters, int ready)
{
	struct pollfd letter = {.fd = letters, .events = POLLIN};
	struct stat mine;
	char which = 0;

	scratch_write(sentinel_name, "", 0600);
	if (mkdir(lock_path(), 0777) < 0)
		return 3;
	mine = set_age(-1005); /* its first stamp is in the future */
	if (write(ready, "x", 1) != 1)
		return 3;
	for (int n;
	     (n = poll(&letter, 1, 2500)) == 0 || (n > 0 && read(letters, &which, 1) == 1 && which == 'w');) {
		struct stat now = look();
		if (!is_same(&mine, &now))
			return 1; /* compromised */
		if (n > 0) {      /* 'w': wait a little, then release */
			usleep(50000);
			break;
		}
		mine = set_age(0);
	}
	struct stat now = look();
	if (!is_same(&mine, &now))
		return 1;
	return rmdir(lock_path()) < 0;
}

static struct imitation start_imitation(void)
{
	struct imitation holder = {.pid = -1};
	int letters[2], ready[2];
	char byte;

	mkdir(scratch_path("oauth"), 0777);
	if (pipe(letters) < 0 || pipe(ready) < 0)
		return holder;
	holder.pid = fork();
	if (holder.pid == 0) {
		close(letters[1]);
		_exit(imitate(letters[0], ready[1]));
	}
	close(ready[1]);
	close(letters[0]);
	if (read(ready[0], &byte, 1) != 1)
		holder.pid = -1;
	close(ready[0]);
	holder.letters = letters[1];
	return holder;
}

/* Its exit status: 0 if nobody touched its lock. */
static int end_imitation(struct imitation *holder, char letter)
{
	int status = -1;

	if (letter == 'k')
		kill(holder->pid, SIGKILL);
	else if (write(holder->letters, &letter, 1) != 1)
		return -1;
	waitpid(holder->pid, &status, 0);
	close(holder->letters);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_one_holder(void)
{
	struct dir_lock lock = {0}, other = {0};

	dir_lock_release(&lock);
	ok(!lock.hold && !dir_lock_is_ours(&lock),
	    "what is not held is not ours, and releasing it does nothing");
	ok(acquire(&lock, 0) == 0 && dir_lock_is_ours(&lock),
	    "a free lock is taken, even with no time left: %s", err.what);
	struct stat st = look();
	ok(S_ISDIR(st.st_mode) && scratch_holds(sentinel_name, "") && scratch_mode(queue_name) == 0600,
	    "it is a directory beside an empty file, and a flock in the folder of the login");
	ok(acquire(&other, 0) == -1 && err.code == ERR_BUSY && strstr(err.what, queue_name) && !other.hold,
	    "another of us waits for the flock: %s", err.what);
	pid_t child = fork();
	if (child == 0) {
		bool ours = dir_lock_is_ours(&lock);
		dir_lock_release(&lock);
		_exit(ours || lock.hold);
	}
	int status = -1;
	waitpid(child, &status, 0);
	ok(status == 0 && dir_lock_is_ours(&lock), "a child of fork() holds nothing and releases nothing");
	st = look();
	ok(is_untouched(&st) && rmdir(lock_path()) == 0 && mkdir(lock_path(), 0700) == 0,
	    "nothing is inside the directory or beside it");
	dir_lock_release(&lock);
	rmdir(lock_path());
	ok(acquire(&lock, 0) == 0, "released, the flock is free");
	dir_lock_release(&lock);
	dir_lock_release(&lock);
	ok(!lock.hold && !look().st_ino && scratch_holds(sentinel_name, ""),
	    "released, the directory is gone, and the empty file stays");
	umask(0777);
	unlink(scratch_path(sentinel_name));
	ok(acquire(&lock, 0) == 0 && dir_lock_is_ours(&lock) && scratch_mode(sentinel_name) == 0600,
	    "the umask does no harm: %s", err.what);
	umask(022);
	dir_lock_release(&lock);
}

static void test_stamps(void)
{
	struct dir_lock lock = {0};
	struct inotify_event event;
	sigset_t pending;
	int stamps = 0;

	signals_start();
	acquire(&lock, 0);
	int fd = inotify_init1(IN_CLOEXEC);
	inotify_add_watch(fd, lock_path(), IN_ATTRIB);
	struct stat first = look();
	signals_hold();
	kill(getpid(), SIGTERM);
	/* Stands for the slow network call: this thread sleeps in it. */
	struct pollfd stamped = {.fd = fd, .events = POLLIN};
	while (stamps < 3 && poll(&stamped, 1, 60000 * waits_shorter) == 1 &&
	       read(fd, &event, sizeof(event)) > 0)
		stamps++;
	sigpending(&pending);
	struct stat now = look();
	ok(stamps == 3 && !is_same(&first, &now), "the directory is stamped while a call takes its time");
	ok(sigismember(&pending, SIGTERM) == 1,
	    "and a signal that is held meanwhile is not taken by the thread");
	signal(SIGTERM, SIG_IGN);
	signals_release();
	ok(!signals_caught() && dir_lock_is_ours(&lock), "it is ours still");
	wall_ahead_ms = -3600000;
	ok(dir_lock_is_ours(&lock) && look().st_mtime < now.st_mtime - 3000,
	    "a clock that is set back changes nothing but the stamps");
	wall_ahead_ms = 3600000;
	ok(dir_lock_is_ours(&lock) && look().st_mtime > now.st_mtime + 3000,
	    "nor does one that is set forward");
	wall_ahead_ms = 0;
	dir_lock_release(&lock);
	ok(!look().st_ino, "and it is released");
	close(fd);
}

static void test_kimi_code_holds(void)
{
	struct dir_lock lock = {0};
	struct imitation holder = start_imitation();

	ok(acquire(&lock, 300) == -1 && err.code == ERR_BUSY && strstr(err.what, lock_name),
	    "a lock that kimi-code holds and stamps is busy: %s", err.what);
	ok(end_imitation(&holder, 'r') == 0, "and it was never touched");
	holder = start_imitation();
	char letter = 'w';
	ok(write(holder.letters, &letter, 1) == 1 && acquire(&lock, 20000) == 0,
	    "kimi-code is waited for: %s", err.what);
	dir_lock_release(&lock);
	int status = -1;
	waitpid(holder.pid, &status, 0);
	close(holder.letters);
	ok(status == 0, "until it has released its lock");
	holder = start_imitation();
	end_imitation(&holder, 'k');
	struct stat left = look();
	ok(acquire(&lock, 100) == -1 && err.code == ERR_BUSY && is_untouched(&left),
	    "one that was killed holds it as long as its last stamp is fresh");
	left = set_age(60000);
	ok(acquire(&lock, 0) == 0 && dir_lock_is_ours(&lock), "once it is stale it is taken over: %s",
	    err.what);
	struct stat now = look();
	ok(!is_same(&left, &now) && is_untouched(&now),
	    "by a directory of our own, and nothing is left of it");
	dir_lock_release(&lock);
}

static void test_stale(void)
{
	struct dir_lock lock = {0};
	static const struct {
		const char *what;
		long long age_ms;
		bool stale;
	} ages[] = {{"just now", 0, false}, {"5 s ago", 5000, false}, {"a millisecond more", 5001, true},
	    {"a year ago", 365LL * 86400000, true}, {"a second ahead", -1005, false},
	    {"an hour ahead", -3600000, false}};

	wall_fixed_ms = 1700000000123;
	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
		struct stat left = leave_lock(ages[i].age_ms);
		bool taken = acquire(&lock, 0) == 0;
		ok(taken == ages[i].stale && (taken || (err.code == ERR_BUSY && is_untouched(&left))),
		    "a lock that was stamped %s is%s taken over", ages[i].what, ages[i].stale ? "" : " not");
		dir_lock_release(&lock);
		rmdir(lock_path());
	}
	wall_fixed_ms = 0;
	struct stat left = leave_lock(-3600000);
	ok(acquire(&lock, 100) == -1 && err.code == ERR_BUSY && strstr(err.what, "in the future") &&
	        is_untouched(&left),
	    "one from the future is waited for as long as any, and said to be: %s; %s", err.what, err.hint);
	set_age(0);
	ok(acquire(&lock, 0) == -1 && !strstr(err.what, "future"), "one of now is not");
	rmdir(lock_path());
}

static void take_away(void)
{
	rmdir(lock_path());
}

static void take_over(void)
{
	rmdir(lock_path());
	mkdir(lock_path(), 0700);
}

static void stamp(void)
{
	set_age(0);
}

static void make(void)
{
	mkdir(lock_path(), 0700);
}

static void test_takeover(void)
{
	struct dir_lock lock = {0};

	leave_lock(60000);
	before_rename = take_over;
	int result = acquire(&lock, 0);
	struct stat now = look();
	ok(result == -1 && err.code == ERR_BUSY && now.st_mtime > time(NULL) - 60 && is_untouched(&now),
	    "a lock that another took over just before us is put back as it was: %s", err.what);

	struct stat stale = set_age(60000);
	before_rename = stamp;
	result = acquire(&lock, 0);
	now = look();
	ok(result == -1 && now.st_ino == stale.st_ino && !is_same(&now, &stale) && is_untouched(&now),
	    "so is one whose holder came back, though it has the same inode number");

	set_age(60000);
	before_rename = stamp;
	before_renameat2 = make;
	result = acquire(&lock, 0);
	now = look();
	ok(result == -1 && now.st_ino != stale.st_ino && is_untouched(&now),
	    "a third one that has taken the name meanwhile is not replaced, and nothing is left beside it");

	set_age(60000);
	before_rename = take_away;
	ok(acquire(&lock, 0) == 0 && dir_lock_is_ours(&lock), "one that another took away is made anew: %s",
	    err.what);
	dir_lock_release(&lock);

	leave_lock(0);
	after_mkdir_failed = take_away;
	ok(acquire(&lock, 0) == 0 && dir_lock_is_ours(&lock),
	    "so is one that was released before we looked: %s", err.what);
	dir_lock_release(&lock);
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(scratch_path(name), &st) == 0;
}

static void make_old(const char *name, long long age_s)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= age_s;
	times[1] = times[0];
	mkdir(scratch_path(name), 0700);
	utimensat(AT_FDCWD, scratch_path(name), times, 0);
}

/* What a process that was killed during a takeover leaves next to the lock. */
static void test_leftovers(void)
{
	enum { DEAD, ALIVE, YOUNG, OF_OTHER_SLOT, OTHER_NAME, NO_NUMBER, FULL, LEFTOVERS };
	static const char slot_lock[] = "oauth/kimi-code-env-0123456789abcdef.lock";
	char names[LEFTOVERS][96], inside[128];
	struct dir_lock lock = {0};
	pid_t dead = fork();

	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	snprintf(names[DEAD], sizeof(names[0]), "%s.%ld-1700000000-5", slot_lock, (long)dead);
	snprintf(names[ALIVE], sizeof(names[0]), "%s.%ld-1700000000-5", slot_lock, (long)getpid());
	snprintf(names[YOUNG], sizeof(names[0]), "%s.%ld-1700000000-6", slot_lock, (long)dead);
	snprintf(names[OF_OTHER_SLOT], sizeof(names[0]), "oauth/kimi-code.lock.%ld-1700000000-5", (long)dead);
	snprintf(names[OTHER_NAME], sizeof(names[0]), "%s.%ld-1700000000-5x", slot_lock, (long)dead);
	snprintf(names[NO_NUMBER], sizeof(names[0]), "%s.bak", slot_lock);
	snprintf(names[FULL], sizeof(names[0]), "%s.%ld-1700000000-7", slot_lock, (long)dead);
	for (int i = 0; i < LEFTOVERS; i++)
		make_old(names[i], i == YOUNG ? 1 : 3600);
	snprintf(inside, sizeof(inside), "%s/file", names[FULL]);
	scratch_write(inside, "", 0600);
	make_old(names[FULL], 3600);
	ok(acquire(&lock, 0) == 0, "leftovers of takeovers are in nobody's way");
	ok(!is_there(names[DEAD]), "that of a process of ours that is dead is removed");
	for (int i = DEAD + 1; i < LEFTOVERS; i++)
		ok(is_there(names[i]), "another is left alone: %s", names[i]);
	dir_lock_release(&lock);
	unlink(scratch_path(inside));
	for (int i = 0; i < LEFTOVERS; i++)
		rmdir(scratch_path(names[i]));
}

static void test_lost(void)
{
	struct dir_lock lock = {0};

	acquire(&lock, 0);
	struct stat theirs = set_age(1);
	ok(!dir_lock_is_ours(&lock) && is_untouched(&theirs), "a lock that somebody touched is not ours");
	dir_lock_release(&lock);
	ok(is_untouched(&theirs), "and is neither stamped nor removed");
	rmdir(lock_path());

	acquire(&lock, 0);
	rmdir(lock_path());
	ok(!dir_lock_is_ours(&lock), "nor is one that is gone");
	make();
	theirs = look();
	dir_lock_release(&lock);
	ok(is_untouched(&theirs), "and what is made there later is not removed");
	rmdir(lock_path());

	acquire(&lock, 0);
	struct stat ours = look();
	take_over();
	struct timespec same[2] = {ours.st_mtim, ours.st_mtim};
	utimensat(AT_FDCWD, lock_path(), same, 0);
	theirs = look();
	ok(!dir_lock_is_ours(&lock) && theirs.st_ino != ours.st_ino,
	    "nor is one that was made anew, which cannot get the inode number of ours");
	dir_lock_release(&lock);
	ok(is_untouched(&theirs), "and it is not removed");
	rmdir(lock_path());

	acquire(&lock, 0);
	boot_ahead_ms = 4000;
	ok(dir_lock_is_ours(&lock), "a pause of 4 s does no harm");
	boot_ahead_ms += 5000;
	theirs = look();
	ok(!dir_lock_is_ours(&lock) && is_untouched(&theirs),
	    "after a pause of 5 s, as when the machine was suspended, it is not ours any more");
	boot_ahead_ms = 0;
	ok(!dir_lock_is_ours(&lock), "and it never is again");
	dir_lock_release(&lock);
	ok(is_untouched(&theirs), "nor is it removed");
	set_age(60000);
	ok(acquire(&lock, 0) == 0, "it is taken over as any stale one");
	dir_lock_release(&lock);
}

/* As a user who is not root, to whom permissions apply. */
static int acquire_without_rights(void)
{
	struct dir_lock lock = {0};

	if (geteuid() == 0 && setuid(65534) < 0)
		return 2;
	if (acquire(&lock, 0) == 0)
		return 3;
	return !(err.code == ERR_STORAGE && strstr(err.what, "oauth") && strstr(err.what, "ermission"));
}

static void test_in_the_way(void)
{
	struct dir_lock lock = {0};
	char inside[128];

	scratch_write(lock_name, "", 0600);
	for (int age_ms = 0; age_ms <= 60000; age_ms += 60000) {
		struct stat file = set_age(age_ms);
		ok(acquire(&lock, 5000) == -1 && err.code == ERR_STORAGE && strstr(err.what, lock_path()) &&
		        strstr(err.what, "is not a directory") && is_untouched(&file),
		    "a file in its place is left and named: %s; %s", err.what, err.hint);
	}
	unlink(lock_path());

	struct stat left = leave_lock(0);
	snprintf(inside, sizeof(inside), "%s/x", lock_name);
	scratch_write(inside, "kept", 0600);
	left = set_age(60000);
	ok(acquire(&lock, 5000) == -1 && err.code == ERR_STORAGE && strstr(err.what, lock_path()) &&
	        is_untouched(&left) && scratch_holds(inside, "kept"),
	    "so is a stale one that is not empty: %s; %s", err.what, err.hint);
	unlink(scratch_path(inside));
	rmdir(lock_path());

	unlink(scratch_path(sentinel_name));
	mkdir(scratch_path(sentinel_name), 0700);
	ok(acquire(&lock, 5000) == -1 && err.code == ERR_STORAGE && strstr(err.what, sentinel_name),
	    "and a folder in the place of the empty file: %s", err.what);
	rmdir(scratch_path(sentinel_name));

	rmdir(scratch_path("oauth"));
	scratch_write("oauth", "", 0600);
	ok(acquire(&lock, 5000) == -1 && err.code == ERR_STORAGE && strstr(err.what, scratch_path("oauth")),
	    "and a file in the place of the folder: %s", err.what);
	unlink(scratch_path("oauth"));

	/* The flock exists; nothing else can be created. */
	if (geteuid() == 0 && (chown(scratch_directory, 65534, 65534) < 0 ||
	                          chown(scratch_path("credentials"), 65534, 65534) < 0 ||
	                          chown(scratch_path(queue_name), 65534, 65534) < 0))
		perror("chown");
	chmod(scratch_directory, 0555);
	pid_t child = fork();
	if (child == 0)
		_exit(acquire_without_rights());
	int status = -1;
	waitpid(child, &status, 0);
	ok(status == 0, "a home that is read-only is a clear error (%d)", status);
	chmod(scratch_directory, 0755);
	if (chown(scratch_path(queue_name), geteuid(), getegid()) < 0)
		perror("chown");
}

static void test_off(void)
{
	struct dir_lock lock = {0}, other = {0};
	struct imitation holder = start_imitation();

	setenv("KIMI_DISABLE_OAUTH_LOCK", "true", 1);
	ok(acquire(&lock, 0) == -1 && err.code == ERR_BUSY, "KIMI_DISABLE_OAUTH_LOCK=true turns nothing off");
	setenv("KIMI_DISABLE_OAUTH_LOCK", "1", 1);
	ok(acquire(&lock, 0) == 0 && dir_lock_is_ours(&lock), "1 does");
	ok(acquire(&other, 0) == -1 && err.code == ERR_BUSY, "but for the flock among ourselves");
	dir_lock_release(&lock);
	unsetenv("KIMI_DISABLE_OAUTH_LOCK");
	ok(end_imitation(&holder, 'r') == 0, "kimi-code's lock was not touched");
}

enum { PROCESSES = 16, ROUNDS = 4 };

/* Takes it again and again, always alone, until the last time fails. */
static int take_turns(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct dir_lock lock = {0};
		if (acquire(&lock, 100000) < 0 || !dir_lock_is_ours(&lock))
			return 1;
		int fd = open(scratch_path("owner"), O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return 2;
		close(fd);
		usleep(500);
		unlink(scratch_path("owner"));
		if (!dir_lock_is_ours(&lock))
			return 3;
		if (i == ROUNDS - 1) {
			set_age(60000);
			_exit(0);
		}
		dir_lock_release(&lock);
	}
	return 0;
}

static int count_good(const pid_t *children)
{
	int good = 0, status;

	for (int i = 0; i < PROCESSES; i++)
		good += waitpid(children[i], &status, 0) == children[i] && status == 0;
	return good;
}

static void test_many(void)
{
	struct dir_lock lock = {0};
	pid_t children[PROCESSES];

	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(take_turns());
	}
	int good = count_good(children);
	ok(good == PROCESSES,
	    "of %d processes that take turns, and crash with the lock, one has it at a time (%d)", PROCESSES,
	    good);
	ok(acquire(&lock, 0) == 0, "what the last one left is taken over: %s", err.what);
	dir_lock_release(&lock);
}

/* With a flock of its own, so that only the directory is shared with the others. */
static int race(int number, int start, int report, int ask)
{
	struct dir_lock lock = {0};
	char name[32], byte;

	snprintf(name, sizeof(name), "home-%d", number);
	snprintf(home.directory, sizeof(home.directory), "%s", scratch_path(name));
	snprintf(name, sizeof(name), "home-%d/oauth", number);
	if (mkdir(home.directory, 0700) < 0 || symlink(scratch_path("oauth"), scratch_path(name)) < 0)
		return 2;
	/* Readable for all at once, when the parent closes the other end. */
	if (read(start, &byte, 1) != 0)
		return 2;
	bool taken = acquire(&lock, 200) == 0;
	if (write(report, "x", 1) != 1 || read(ask, &byte, 1) != 0)
		return 2;
	bool ours = taken && dir_lock_is_ours(&lock);
	dir_lock_release(&lock);
	return ours ? 0 : 1;
}

static void test_race(void)
{
	struct dir_lock lock = {0};
	pid_t children[PROCESSES];
	int start[2], report[2], ask[2];
	char byte;

	leave_lock(60000);
	if (pipe(start) < 0 || pipe(report) < 0 || pipe(ask) < 0)
		return;
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			close(start[1]);
			close(ask[1]);
			_exit(race(i, start[0], report[1], ask[0]));
		}
	}
	close(start[1]);
	for (int i = 0; i < PROCESSES; i++)
		if (read(report[0], &byte, 1) != 1)
			break;
	close(ask[1]);
	int good = count_good(children);
	ok(good == 1, "of %d processes that race for a stale lock one has it in the end (%d)", PROCESSES,
	    good);
	ok(!look().st_ino && acquire(&lock, 0) == 0, "and has released it");
	struct stat now = look();
	ok(is_untouched(&now), "nothing else is left in the folder");
	dir_lock_release(&lock);
	close(start[0]);
	close(report[0]);
	close(report[1]);
	close(ask[0]);
}

int main(void)
{
	scratch_open();
	snprintf(home.directory, sizeof(home.directory), "%s", scratch_directory);
	test_one_holder();
	waits_shorter = 20;
	test_stamps();
	test_kimi_code_holds();
	test_many();
	test_race();
	waits_shorter = 1;
	test_stale();
	test_takeover();
	test_leftovers();
	test_lost();
	test_in_the_way();
	test_off();
	scratch_close();
	return tap_done();
}
