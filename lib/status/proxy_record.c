#include "status/proxy_record.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/runtime_dir.h"
#include "base/text.h"
#include "format/json.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { RECORD_MAX = 4096 };

static const char prefix[] = "proxy.";

static int write_record(int fd, const char *url, const char *command)
{
	char program[300];

	snprintf(program, sizeof(program), "%s", text_or_empty(command));
	json_t *object = json_pack("{s:i, s:o, s:o, s:o}", "pid", (int)getpid(), "url", json_from_text(url),
	    "since", json_from_number(floor(clock_now())), "command",
	    command ? json_from_text(program) : json_null());
	char *text = json_print(object);
	int result = text ? write_all(fd, text, strlen(text)) : -1;

	wipe_str(text);
	json_decref(object);
	return result;
}

/* Renames the file only when it is locked, so that no other process takes it for a stale one. */
void proxy_record_open(struct proxy_record *ret_record, const char *url, const char *command)
{
	char directory[1024], hidden[PROXY_RECORD_PATH_MAX];

	*ret_record = (struct proxy_record){.fd = -1};
	if (!runtime_dir(true, directory, sizeof(directory)))
		return;
	snprintf(ret_record->path, sizeof(ret_record->path), "%s/%s%d", directory, prefix, (int)getpid());
	snprintf(hidden, sizeof(hidden), "%s/.%s%d", directory, prefix, (int)getpid());
	int fd = open(hidden, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && write_record(fd, url, command) == 0 &&
	    rename(hidden, ret_record->path) == 0) {
		ret_record->fd = fd;
		return;
	}
	unlink(hidden);
	close(fd);
}

void proxy_record_close(struct proxy_record *record)
{
	if (record->fd < 0)
		return;
	unlink(record->path);
	close(record->fd);
	record->fd = -1;
}

/* Returns NULL if the proxy has ended, or the record is invalid. */
static json_t *read_record(const char *path)
{
	json_t *object = NULL;
	struct buf text;

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	buf_init(&text, RECORD_MAX);
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		unlink(path);
	else if (file_read(path, FILE_OWN, &text, NULL, NULL) == 0)
		object = json_parse(text.data, text.len, NULL);
	buf_release(&text);
	close(fd);
	if (object && !json_text(object, "url")) {
		json_decref(object);
		object = NULL;
	}
	return object;
}

json_t *proxy_record_list(void)
{
	char directory[1024], path[PROXY_RECORD_PATH_MAX];
	json_t *list = json_array();

	DIR *opened = runtime_dir(false, directory, sizeof(directory)) ? opendir(directory) : NULL;
	for (struct dirent *entry; opened && (entry = readdir(opened));) {
		if (strncmp(entry->d_name, prefix, sizeof(prefix) - 1) != 0 || strlen(entry->d_name) > 40)
			continue;
		snprintf(path, sizeof(path), "%s/%.40s", directory, entry->d_name);
		json_t *object = read_record(path);
		if (object)
			json_array_append_new(list, object);
	}
	if (opened)
		closedir(opened);
	return list;
}
