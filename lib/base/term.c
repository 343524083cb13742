#include "base/term.h"

#include "base/env.h"
#include "base/file.h"
#include "base/signals.h"

#include <errno.h>
#include <poll.h>
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

static void trim(struct buf *line)
{
	size_t start = strspn(line->data, " \t\r");

	while (line->len && strchr(" \t\r", line->data[line->len - 1]))
		buf_truncate(line, line->len - 1);
	if (start && start < line->len) {
		memmove(line->data, line->data + start, line->len - start);
		buf_truncate(line, line->len - start);
	}
}

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
	trim(ret_line);
	return 0;
}

int term_read_line(struct buf *ret_line, struct err *err)
{
	int answer = term_next_line(ret_line, err);

	return answer > 0 ? err_set(err, ERR_USAGE, expected, "standard input ended without a line") : answer;
}

int term_ask(const char *prompt, bool hidden, struct buf *ret_line, struct err *err)
{
	struct termios before, silent;
	bool changed = false;

	/* Before the prompt: what a person or a program types as soon as it is seen must be neither shown nor flushed. */
	if (hidden && tcgetattr(STDIN_FILENO, &before) == 0) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
		silent.c_lflag |= ECHONL;
		changed = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
	}
	write_all(STDERR_FILENO, prompt, strlen(prompt));
	int failed = term_read_line(ret_line, err);
	if (changed)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	if (failed && changed)
		write_all(STDERR_FILENO, "\n", 1);
	return failed;
}
