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

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

size_t term_height(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row)
		return size.ws_row;
	return 24;
}

bool term_can_redraw(int fd)
{
	const char *kind = env_get("TERM");

	return isatty(fd) && kind && strcmp(kind, "dumb") != 0;
}

const char *term_style(int fd, const char *sequence)
{
	if (!term_has_color(fd))
		return "";
	return sequence;
}

bool term_has_color(int fd)
{
	return term_can_redraw(fd) && !env_get("NO_COLOR");
}

static const char expected[] = "send it one line of text";

/* Reads byte by byte, to leave the bytes after the line for other programs. */
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
	int result = term_next_line(ret_line, err);

	if (result > 0)
		return err_set(err, ERR_USAGE, expected, "standard input ended without a line");
	return result;
}

/*
 * While the program is stopped during a hidden prompt, the terminal must echo for other
 * programs, and must not echo when it continues. Any prompt is repeated then. The handlers
 * call async-signal-safe functions only (tcgetpgrp, tcsetattr, write, raise, sigaction,
 * sigprocmask).
 */
static const int leave_signals[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGQUIT};
enum { LEAVE_COUNT = sizeof(leave_signals) / sizeof(leave_signals[0]) };

static struct {
	struct termios usual, silent;
	bool hidden;
	const char *prompt;
	struct sigaction on_leave[LEAVE_COUNT], on_return; /* the previous handlers */
} question;

static bool is_background(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group >= 0 && group != getpgrp();
}

/* Flushes the input, so that part of a typed key does not become a command of the shell. */
static void question_leave(int number)
{
	struct sigaction ours, usual = {.sa_handler = SIG_DFL};
	int saved = errno;
	sigset_t only, mask;

	if (question.hidden && !is_background())
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &question.usual);
	sigaction(number, &usual, &ours);
	raise(number);
	sigemptyset(&only);
	sigaddset(&only, number);
	sigprocmask(SIG_UNBLOCK, &only, &mask); /* the process stops or ends here */
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(number, &ours, NULL);
	errno = saved;
}

static void question_return(int number)
{
	int saved = errno;

	(void)number;
	if (is_background()) {
		raise(SIGTTIN);
	} else {
		if (question.hidden)
			tcsetattr(STDIN_FILENO, TCSAFLUSH, &question.silent);
		write_all(STDERR_FILENO, question.prompt, strlen(question.prompt));
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

/* False: standard input is not a terminal. */
static bool question_begin(const char *prompt, bool hidden)
{
	struct termios *usual = &question.usual, *silent = &question.silent;

	if (is_background())
		raise(SIGTTIN); /* the modes now are those of the shell */
	if (tcgetattr(STDIN_FILENO, usual) < 0)
		return false;
	*silent = *usual;
	silent->c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
	silent->c_lflag |= ECHONL;
	question.prompt = prompt;
	question.hidden = hidden;
	for (size_t i = 0; i < LEAVE_COUNT; i++)
		catch_unless_ignored(leave_signals[i], question_leave, &question.on_leave[i]);
	catch_unless_ignored(SIGCONT, question_return, &question.on_return);
	if (hidden)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, silent);
	return true;
}

static void question_end(void)
{
	if (question.hidden)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &question.usual);
	sigaction(SIGCONT, &question.on_return, NULL);
	for (size_t i = 0; i < LEAVE_COUNT; i++)
		sigaction(leave_signals[i], &question.on_leave[i], NULL);
}

int term_ask(const char *prompt, bool hidden, struct buf *ret_line, struct err *err)
{
	/*
	 * Before the prompt, so that input that comes as soon as the prompt appears is
	 * neither shown nor flushed.
	 */
	bool is_terminal = question_begin(prompt, hidden);

	write_all(STDERR_FILENO, prompt, strlen(prompt));
	int result = term_next_line(ret_line, err);
	if (is_terminal)
		question_end();
	if (result) /* the message needs a line of its own */
		write_all(STDERR_FILENO, "\n", 1);
	if (result > 0)
		return err_set(err, ERR_USAGE, "run the command again", "no answer was given");
	return result;
}
