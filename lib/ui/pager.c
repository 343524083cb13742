#include "ui/pager.h"

#include "base/file.h"
#include "base/process.h"
#include "base/term.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* NULL: no pager is wanted. */
static const char *pager_command(void)
{
	const char *command = getenv("PAGER");

	if (!command)
		/* more is always installed on Debian, and exits at the end of the text. */
		return "if command -v less >/dev/null; then exec less; else exec more; fi";
	if (*command && strcmp(command, "cat") != 0)
		return command;
	return NULL;
}

/* Uses a memory file as standard input: leaving the pager early cannot break a pipe. */
static bool run_pager(const char *command, const char *text)
{
	int status, fd = memfd_create("pager", MFD_CLOEXEC);
	bool shown = false;

	if (fd < 0)
		return false;
	if (write_all(fd, text, strlen(text)) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	    dup2(fd, STDIN_FILENO) == STDIN_FILENO) {
		/* As git sets it: leave the screen as it is, show colours. */
		setenv("LESS", "FRX", 0);
		shown = process_run_here(
		            (const char *const[]){"/bin/sh", "-c", command, NULL}, true, &status, NULL) == 0;
	}
	close(fd);
	return shown;
}

void pager_show(const char *text)
{
	const char *command = pager_command();

	fflush(stdout);
	if (!command || !term_can_redraw(STDOUT_FILENO) || count_lines(text) < term_height(STDOUT_FILENO) ||
	    !run_pager(command, text))
		fputs(text, stdout);
}
