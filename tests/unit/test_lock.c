#include "base/lock.h"

#include "base/clock.h"
#include "base/signals.h"
#include "scratch.h"
#include "tap.h"

#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static bool is_free(const char *name)
{
	int fd = open(scratch_path(name), O_RDWR | O_CLOEXEC);
	bool free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;

	close(fd);
	return free;
}

/* A process that holds the lock for that long; returns once it holds it. */
static pid_t start_holder(const char *name, int milliseconds)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(scratch_path(name), O_RDWR | O_CREAT, 0600);
		flock(fd, LOCK_EX); /* as kimi-cli does it */
		if (write(ready[1], "x", 1) == 1)
			usleep((useconds_t)milliseconds * 1000);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

static void test_one_holder(void)
{
	struct lock lock = LOCK_INIT, other = LOCK_INIT;
	struct err err = {0};

	lock_release(&lock);
	ok(lock.fd == -1, "releasing what is not held does nothing");
	ok(lock_acquire(&lock, scratch_path("l"), clock_ms(), &err) == 0 && !is_free("l"),
	    "a free lock is taken, even with no time left");
	ok(scratch_mode("l") == 0600, "its file is for its user alone");
	umask(0777);
	ok(lock_acquire(&other, scratch_path("u"), clock_ms(), &err) == 0 && scratch_mode("u") == 0600,
	    "and can be opened by all of that user's processes, whatever the umask");
	umask(022);
	lock_release(&other);
	ok(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC, "no child inherits it");
	long long start = clock_ms();
	ok(lock_acquire(&other, scratch_path("l"), start + 150, &err) == -1 && err.code == ERR_BUSY &&
	        other.fd == -1 && clock_ms() - start >= 150,
	    "a lock that is held all the time is busy, at the deadline and not before");
	lock_release(&lock);
	ok(is_free("l") && scratch_mode("l") == 0600 && lock.fd == -1,
	    "released, it is free, and its file stays");
}

static void test_waiting(void)
{
	struct lock lock = LOCK_INIT;
	struct err err = {0};
	pid_t pid = start_holder("w", 200);

	ok(lock_acquire(&lock, scratch_path("w"), clock_ms() + 20000, &err) == 0, "a holder is waited for");
	lock_release(&lock);
	waitpid(pid, NULL, 0);
	pid = start_holder("w", 60000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(lock_acquire(&lock, scratch_path("w"), clock_ms() + 5000, &err) == 0,
	    "a holder that died holds nothing");
	lock_release(&lock);
}

static void test_replaced_file(void)
{
	struct lock lock = LOCK_INIT;
	struct err err = {0};
	pid_t pid = start_holder("r", 200);

	/* The file is removed while it is locked; the waiter has the old one open. */
	pid_t remover = fork();
	if (remover == 0) {
		usleep(50000);
		_exit(unlink(scratch_path("r")));
	}
	ok(lock_acquire(&lock, scratch_path("r"), clock_ms() + 20000, &err) == 0 && !is_free("r"),
	    "what is held is the file of that name, not one that was removed meanwhile");
	lock_release(&lock);
	waitpid(pid, NULL, 0);
	waitpid(remover, NULL, 0);
}

static void test_no_lock_file(void)
{
	struct lock lock = LOCK_INIT;
	struct err err = {0};

	scratch_write("target", "", 0600);
	ok(symlink("target", scratch_path("link")) == 0 &&
	        lock_acquire(&lock, scratch_path("link"), clock_ms(), &err) == -1 && err.code == ERR_STORAGE,
	    "a link is no lock");
	ok(mkfifo(scratch_path("fifo"), 0600) == 0 &&
	        lock_acquire(&lock, scratch_path("fifo"), clock_ms(), &err) == -1 && err.code == ERR_STORAGE,
	    "nor is a FIFO, and it is not waited for");
	ok(lock_acquire(&lock, scratch_path("no/l"), clock_ms(), &err) == -1 && err.code == ERR_STORAGE &&
	        lock.fd == -1,
	    "where there is no folder there is no lock");
}

static void test_interrupted(void)
{
	struct lock lock = LOCK_INIT;
	struct err err = {0};
	pid_t pid = start_holder("i", 60000);

	signals_start();
	pid_t killer = fork();
	if (killer == 0) {
		usleep(100000);
		_exit(kill(getppid(), SIGTERM));
	}
	ok(lock_acquire(&lock, scratch_path("i"), clock_ms() + 50000, &err) == -1 &&
	        err.code == ERR_INTERRUPTED,
	    "a signal ends the waiting");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	waitpid(killer, NULL, 0);
}

int main(void)
{
	scratch_open();
	test_one_holder();
	test_waiting();
	test_replaced_file();
	test_no_lock_file();
	test_interrupted();
	scratch_close();
	return tap_done();
}
