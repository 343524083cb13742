/*
 * scratch: a directory of the test, and files in it.
 *
 * 	scratch_open();
 * 	scratch_write("a", "bytes", 0600);
 * 	file_read(scratch_path("a"), ...);
 * 	scratch_close();        removes everything
 */
#ifndef KIMI_TESTS_SCRATCH_H
#define KIMI_TESTS_SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_directory[64];

/* The path of a name in the directory; the last four results stay valid. */
__attribute__((unused)) static const char *scratch_path(const char *name)
{
	static char paths[4][1024];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_directory, name);
	return path;
}

static void scratch_open(void)
{
	snprintf(scratch_directory, sizeof(scratch_directory), "/tmp/kimi-unit-XXXXXX");
	if (!mkdtemp(scratch_directory)) {
		perror("mkdtemp");
		exit(1);
	}
	umask(022);
}

static int scratch_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

static void scratch_close(void)
{
	nftw(scratch_directory, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static void scratch_write(const char *name, const char *text, mode_t mode)
{
	int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fchmod(fd, mode) < 0) {
		perror(name);
		exit(1);
	}
	close(fd);
}

/* The file contains exactly this text. */
__attribute__((unused)) static bool scratch_holds(const char *name, const char *text)
{
	static char bytes[65536];
	int fd = open(scratch_path(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)n) == 0;
}

/* The permissions of a file, -1 if it does not exist. */
__attribute__((unused)) static int scratch_mode(const char *name)
{
	struct stat st;

	return lstat(scratch_path(name), &st) < 0 ? -1 : (int)(st.st_mode & 07777);
}

#endif
