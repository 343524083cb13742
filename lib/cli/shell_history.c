#include "cli/shell_history.h"

#include "base/file.h"
#include "base/newfile.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { KEPT_BYTES = 32 * 1024, READ_BYTES = 1024 * 1024, LONGEST_WORD = 48, LONGEST_COMMAND = 16 };

static const char blanks[] = " \t";

/* Recognizes keys by their prefix anywhere in the word, or by length: model ids are shorter. */
static bool could_be_secret(const char *word, size_t len)
{
	static const char *const beginnings[] = {"sk-", "eyJ"};

	for (size_t i = 0; i < len; i++) {
		if (i && isalnum((unsigned char)word[i - 1]))
			continue;
		for (size_t j = 0; j < sizeof(beginnings) / sizeof(beginnings[0]); j++)
			if (strncmp(word + i, beginnings[j], strlen(beginnings[j])) == 0)
				return true;
	}
	return len > LONGEST_WORD;
}

/* A key pasted by mistake is a line of its own, so a line must begin like a command. */
static bool begins_as_command(const char *line)
{
	size_t len = strspn(line + 1, "abcdefghijklmnopqrstuvwxyz");

	return *line == '/' && len && len < LONGEST_COMMAND &&
	       (!line[1 + len] || strchr(blanks, line[1 + len]));
}

static bool may_be_kept(const char *line)
{
	if (!begins_as_command(line))
		return false;
	for (const char *word = line; *word; word += strspn(word, blanks)) {
		size_t len = strcspn(word, blanks);
		if (could_be_secret(word, len))
			return false;
		word += len;
	}
	return true;
}

void shell_history_read(const struct home *home, struct buf *ret_lines)
{
	char path[HOME_PATH_MAX];
	struct buf bytes;

	home_path(home, HOME_SHELL_HISTORY, path);
	buf_init(&bytes, READ_BYTES);
	if (file_read(path, FILE_OWN, &bytes, NULL, NULL) == 0) {
		const char *lines = bytes.data;
		for (size_t i = 0; i < bytes.len; i++)
			if (!bytes.data[i])
				bytes.data[i] = ' '; /* left by a crash; they must not end a line */
		if (bytes.len > 2 * KEPT_BYTES) {
			lines = strchr(bytes.data + bytes.len - KEPT_BYTES, '\n');
			lines = lines ? lines + 1 : "";
			newfile_replace(path, lines, strlen(lines), NULL);
		}
		buf_addstr(ret_lines, lines);
	}
	buf_release(&bytes);
}

bool shell_history_add(const struct home *home, const char *line)
{
	char path[HOME_PATH_MAX];
	struct buf bytes;

	if (!may_be_kept(line))
		return false;
	home_path(home, HOME_SHELL_HISTORY, path);
	int fd = home_check_writable(home, NULL) < 0 || dir_make(home->directory, NULL) < 0
	             ? -1
	             : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return true;
	buf_init(&bytes, READ_BYTES);
	buf_addf(&bytes, "%s\n", line);
	if (!bytes.failed && file_set_mode(fd, 0600) >= 0)
		write_all(fd, bytes.data, bytes.len);
	buf_release(&bytes);
	close(fd);
	return true;
}
