#include "base/term.h"

#include "base/env.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

bool term_is_there(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

size_t term_width(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

size_t term_height(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : 24;
}

bool term_can_redraw(int fd)
{
	const char *kind = env_get("TERM");

	return isatty(fd) && kind && strcmp(kind, "dumb") != 0;
}

bool term_has_color(int fd)
{
	return term_can_redraw(fd) && !env_get("NO_COLOR");
}

static const char expected[] = "give it one line of text";

/* Byte by byte: what follows the line is not ours to take. */
int term_next_line(struct buf *ret_line, struct err *err)
{
	for (;;) {
		struct pollfd fds[] = {
		    {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
		char c;
		if (signals_caught())
			return signals_error(err);
		if (poll(fds, 2, -1) < 0 || !fds[0].revents)
			continue;
		ssize_t n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, ERR_USAGE, expected, "cannot read standard input");
		if (n == 0 && !ret_line->len)
			return 1;
		if (n == 0 || c == '\n')
			break;
		if (c == '\0')
			return err_set(err, ERR_USAGE, expected, "standard input is not text");
		buf_addch(ret_line, c);
		if (ret_line->failed)
			return err_set(err, ERR_USAGE, expected, "the line on standard input is too long");
	}
	text_trim_input(ret_line);
	return 0;
}

int term_read_line(struct buf *ret_line, struct err *err)
{
	int answer = term_next_line(ret_line, err);

	return answer > 0 ? err_set(err, ERR_USAGE, expected, "standard input ended without a line") : answer;
}

/*
 * A hidden prompt must not leave the terminal silent for others, nor come back to one that shows. The handlers call only
 * what POSIX allows them (tcgetpgrp, tcsetattr, write, raise, sigaction, sigprocmask).
 */
static const int leave_signals[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT};
enum { LEAVE_COUNT = sizeof(leave_signals) / sizeof(leave_signals[0]) };

static struct {
	struct termios usual, silent;
	const char *prompt;
	struct sigaction on_leave[LEAVE_COUNT], on_return; /* as they were before */
} hidden_prompt;

static bool is_background(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group >= 0 && group != getpgrp();
}

/* Flushed: half a key must not become the beginning of a command of the shell. */
static void hidden_prompt_leave(int number)
{
	struct sigaction ours, usual = {.sa_handler = SIG_DFL};
	int saved = errno;
	sigset_t only, mask;

	if (!is_background())
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden_prompt.usual);
	sigaction(number, &usual, &ours);
	raise(number);
	sigemptyset(&only);
	sigaddset(&only, number);
	sigprocmask(SIG_UNBLOCK, &only, &mask); /* stops or ends here */
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(number, &ours, NULL);
	errno = saved;
}

static void hidden_prompt_return(int number)
{
	int saved = errno;

	(void)number;
	if (is_background()) {
		raise(SIGTTIN);
	} else {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden_prompt.silent);
		write_all(STDERR_FILENO, hidden_prompt.prompt, strlen(hidden_prompt.prompt));
	}
	errno = saved;
}

static void catch_unless_ignored(int number, void (*handler)(int), struct sigaction *ret_before)
{
	struct sigaction ours = {.sa_handler = handler, .sa_flags = SA_RESTART};

	sigemptyset(&ours.sa_mask);
	sigaction(number, NULL, ret_before);
	if (ret_before->sa_handler != SIG_IGN)
		sigaction(number, &ours, NULL);
}

/* False: standard input is no terminal. */
static bool hidden_prompt_begin(const char *prompt)
{
	struct termios *usual = &hidden_prompt.usual, *silent = &hidden_prompt.silent;

	if (is_background())
		raise(SIGTTIN); /* the modes are the shell's now */
	if (tcgetattr(STDIN_FILENO, usual) < 0)
		return false;
	*silent = *usual;
	silent->c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	silent->c_lflag |= ECHONL;
	hidden_prompt.prompt = prompt;
	for (size_t i = 0; i < LEAVE_COUNT; i++)
		catch_unless_ignored(leave_signals[i], hidden_prompt_leave, &hidden_prompt.on_leave[i]);
	catch_unless_ignored(SIGCONT, hidden_prompt_return, &hidden_prompt.on_return);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, silent);
	return true;
}

static void hidden_prompt_end(void)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden_prompt.usual);
	sigaction(SIGCONT, &hidden_prompt.on_return, NULL);
	for (size_t i = 0; i < LEAVE_COUNT; i++)
		sigaction(leave_signals[i], &hidden_prompt.on_leave[i], NULL);
}

int term_ask(const char *prompt, bool hidden, struct buf *ret_line, struct err *err)
{
	/* Before the prompt: what a person or a program types as soon as it is seen must be neither shown nor flushed. */
	bool changed = hidden && hidden_prompt_begin(prompt);

	write_all(STDERR_FILENO, prompt, strlen(prompt));
	int failed = term_read_line(ret_line, err);
	if (changed)
		hidden_prompt_end();
	if (failed) /* what is said of it has a line of its own */
		write_all(STDERR_FILENO, "\n", 1);
	return failed;
}
