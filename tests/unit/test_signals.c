#include "base/signals.h"

#include "base/clock.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each test has a process of its own, because a caught signal cannot be forgotten. */
static bool in_child(bool (*test)(void))
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(30);
		_exit(test() ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool is_woken(void)
{
	struct pollfd fd = {.fd = signals_fd(), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

static bool nothing_before(void)
{
	struct err err;

	return signals_fd() == -1 && signals_caught() == 0 && signals_sleep(1, &err) == 0;
}

static bool notes(int number)
{
	struct err err;

	signals_start();
	bool fresh = signals_caught() == 0 && !is_woken();
	raise(number);
	return fresh && signals_caught() == number && is_woken() && signals_error(&err) == -1 &&
	       err.code == ERR_INTERRUPTED;
}

static bool notes_int(void)
{
	return notes(SIGINT);
}

static bool notes_term(void)
{
	return notes(SIGTERM);
}

static bool notes_hup(void)
{
	return notes(SIGHUP);
}

static bool ignored_stays_ignored(void)
{
	signal(SIGHUP, SIG_IGN);
	signals_start();
	raise(SIGHUP);
	return signals_caught() == 0 && !is_woken();
}

static bool pipe_is_an_error(void)
{
	int ends[2];

	signals_start();
	return pipe(ends) == 0 && close(ends[0]) == 0 && write(ends[1], "x", 1) == -1;
}

static bool size_limit_is_an_error(void)
{
	FILE *file = tmpfile();

	signals_start();
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
	return file && write(fileno(file), "x", 1) == -1 && errno == EFBIG;
}

static bool second_start_does_nothing(void)
{
	struct sigaction pipe, size;

	signals_start();
	signals_hold();
	signals_start();
	signals_reset_child();
	sigset_t mask;
	return sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && !sigismember(&mask, SIGTERM) &&
	       sigaction(SIGPIPE, NULL, &pipe) == 0 && pipe.sa_handler == SIG_DFL &&
	       sigaction(SIGXFSZ, NULL, &size) == 0 && size.sa_handler == SIG_DFL;
}

static bool hold_and_release(void)
{
	signals_start();
	signals_hold();
	raise(SIGTERM);
	bool held = signals_caught() == 0;
	signals_release();
	return held && signals_caught() == SIGTERM;
}

static bool holds_nest(void)
{
	signals_start();
	signals_hold();
	signals_hold();
	raise(SIGTERM);
	signals_release();
	bool held = signals_caught() == 0;
	signals_release();
	return held && signals_caught() == SIGTERM;
}

static bool release_without_hold(void)
{
	signals_start();
	signals_release();
	signals_hold();
	raise(SIGTERM);
	return signals_caught() == 0;
}

static bool noted_before_hold(void)
{
	struct err err;

	signals_start();
	raise(SIGINT);
	signals_hold();
	bool quiet = signals_caught() == 0 && signals_sleep(1, &err) == 0 && !is_woken();
	signals_release();
	return quiet && signals_caught() == SIGINT && is_woken();
}

static bool hold_keeps_ctrl_z(void)
{
	signals_start();
	signals_hold();
	raise(SIGTSTP); /* would stop this process, and alarm() would end it */
	sigset_t pending;
	return sigpending(&pending) == 0 && sigismember(&pending, SIGTSTP) == 1;
}

static bool sleep_ends_early(void)
{
	struct err err = {0};
	long long start = clock_ms();

	signals_start();
	pid_t killer = fork();
	if (killer == 0) {
		usleep(50000);
		_exit(kill(getppid(), SIGTERM));
	}
	bool early =
	    signals_sleep(20000, &err) == -1 && err.code == ERR_INTERRUPTED && clock_ms() - start < 15000;
	waitpid(killer, NULL, 0);
	return early;
}

static bool held_sleep_does_not(void)
{
	struct err err = {0};
	long long start = clock_ms();

	signals_start();
	signals_hold();
	raise(SIGTERM);
	return signals_sleep(100, &err) == 0 && clock_ms() - start >= 100;
}

static bool child_is_reset(void)
{
	sigset_t mask;
	struct sigaction term, hup, pipe;

	signal(SIGHUP, SIG_IGN);
	signals_start();
	signals_hold();
	signals_reset_child();
	return sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && !sigismember(&mask, SIGTERM) &&
	       sigaction(SIGTERM, NULL, &term) == 0 && term.sa_handler == SIG_DFL &&
	       sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler == SIG_IGN &&
	       sigaction(SIGPIPE, NULL, &pipe) == 0 && pipe.sa_handler == SIG_DFL;
}

int main(void)
{
	ok(in_child(nothing_before), "before the start there is nothing to note, and sleeping works");
	ok(in_child(notes_int), "SIGINT is noted");
	ok(in_child(notes_term), "SIGTERM is noted");
	ok(in_child(notes_hup), "SIGHUP is noted");
	ok(in_child(ignored_stays_ignored), "what was ignored at the start stays ignored");
	ok(in_child(pipe_is_an_error), "a closed pipe is an error, not a death");
	ok(in_child(size_limit_is_an_error), "so is a limit on the size of files");
	ok(in_child(second_start_does_nothing), "a second start does not forget how it was at the first");
	ok(in_child(hold_and_release), "a signal that is held shows when it is released");
	ok(in_child(holds_nest), "holds nest");
	ok(in_child(release_without_hold), "a release too many does not count");
	ok(in_child(noted_before_hold), "a signal noted before the hold does not show or wake anyone in it");
	ok(in_child(hold_keeps_ctrl_z), "a hold keeps Ctrl-Z away too");
	ok(in_child(sleep_ends_early), "a signal ends a sleep");
	ok(in_child(held_sleep_does_not), "a signal that is held does not");
	ok(in_child(child_is_reset), "a child gets its signals and mask back as they were");
	return tap_done();
}
