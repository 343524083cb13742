#include "base/signals.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

static volatile sig_atomic_t caught;
static int wake[2] = {-1, -1};
static _Atomic int holds; /* read by other threads; one thread at a time holds */
static _Thread_local int holds_here;
static sigset_t mask_before, mask_at_start;
static bool started;

/* Ignored, because write() returns an error in these cases. */
static const int write_signals[] = {SIGPIPE, SIGXFSZ};
static void (*write_at_start[2])(int);

static void signals_note(int number)
{
	int saved = errno;

	caught = number;
	if (write(wake[1], "", 1) < 0) {
		/* the pipe is full, so it is readable already */
	}
	errno = saved;
}

void signals_start(void)
{
	if (started)
		return;
	started = true;
	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		wake[0] = wake[1] = -1;
	sigprocmask(SIG_SETMASK, NULL, &mask_at_start);
	for (size_t i = 0; i < 2; i++)
		write_at_start[i] = signal(write_signals[i], SIG_IGN);
	for (size_t i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++) {
		struct sigaction now;
		if (sigaction(stop_signals[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			continue;
		struct sigaction noted = {.sa_handler = signals_note};
		sigemptyset(&noted.sa_mask);
		sigaction(stop_signals[i], &noted, NULL);
	}
}

int signals_caught(void)
{
	if (holds)
		return 0;
	return caught;
}

int signals_error(struct err *err)
{
	const char *by = "Ctrl-C";

	if (caught == SIGTERM)
		by = "SIGTERM";
	else if (caught == SIGHUP)
		by = "SIGHUP";
	return err_set(err, ERR_INTERRUPTED, NULL, "interrupted by %s", by);
}

void signals_hold(void)
{
	holds_here++;
	if (holds++)
		return;
	sigset_t all;
	sigfillset(&all);
	/* Do not block the signals of a crash. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	sigprocmask(SIG_BLOCK, &all, &mask_before);
}

void signals_release(void)
{
	if (!holds)
		return;
	holds_here--;
	if (!--holds)
		sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

void signals_await_release(void)
{
	while (holds > holds_here)
		poll(NULL, 0, 10);
}

int signals_fd(void)
{
	if (holds)
		return -1;
	return wake[0];
}

int signals_sleep(int milliseconds, struct err *err)
{
	long long deadline = clock_ms() + milliseconds;

	for (;;) {
		if (signals_caught())
			return signals_error(err);
		int left = clock_left(deadline);
		if (!left)
			return 0;
		struct pollfd woken = {.fd = signals_fd(), .events = POLLIN};
		poll(&woken, 1, left);
	}
}

int signals_read(int fd, void *bytes, size_t len, struct err *err)
{
	for (char *at = bytes; len;) {
		struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
		if (signals_caught())
			return signals_error(err);
		if (poll(fds, 2, -1) < 0 || !fds[0].revents)
			continue;
		ssize_t n = read(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, ERR_BUSY, "try again", "the background process has ended");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static void signals_ignore(int number)
{
	(void)number;
}

void signals_outlast(void)
{
	/* Not SIG_IGN, which a child would inherit through exec. */
	struct sigaction no_op = {.sa_handler = signals_ignore};

	sigemptyset(&no_op.sa_mask);
	for (size_t i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++)
		sigaction(stop_signals[i], &no_op, NULL);
}

void signals_reset_child(void)
{
	for (size_t i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++) {
		struct sigaction now;
		if (sigaction(stop_signals[i], NULL, &now) == 0 && now.sa_handler == signals_note)
			signal(stop_signals[i], SIG_DFL);
	}
	for (size_t i = 0; started && i < 2; i++)
		signal(write_signals[i], write_at_start[i]);
	sigprocmask(SIG_SETMASK, &mask_at_start, NULL);
}
