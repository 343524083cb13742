#include "auth/history.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "format/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 256 * 1024, MAX_LINE = 2048, MAX_READ = 4 * MAX_BYTES };

static const char *const event_names[] = {
    [HISTORY_LOGIN] = "login",
    [HISTORY_REFRESH] = "refresh",
    [HISTORY_REJECTED] = "rejected",
    [HISTORY_LOGOUT] = "logout",
};

/* The file, made if need be, closed to others. */
static int open_file(const char *path, struct stat *ret_stat)
{
	int fd =
	    open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);

	if (fd < 0)
		return -1;
	if (fstat(fd, ret_stat) < 0 || !S_ISREG(ret_stat->st_mode) || ret_stat->st_uid != geteuid() ||
	    file_set_mode(fd, 0600) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Sets a large file aside. Whoever finds the lock held goes on with the file as it is: the holder is doing it. */
static void history_rotate(const struct home *home, const char *path)
{
	char lock_file[HOME_PATH_MAX], aside[HOME_PATH_MAX];
	struct lock lock = LOCK_INIT;
	struct stat st;

	home_history_lock(home, lock_file);
	home_history_aside(home, aside);
	if (lock_acquire(&lock, lock_file, clock_ms(), NULL) < 0)
		return;
	if (lstat(path, &st) == 0 && st.st_size >= MAX_BYTES && rename(path, aside) < 0) {
		/* it grows on, and the next one tries again */
	}
	lock_release(&lock);
}

/* A line that a full disk cut short ends here, so that it takes no other with it. */
static bool is_torn(int fd, const struct stat *st)
{
	char last;

	return st->st_size > 0 && pread(fd, &last, 1, st->st_size - 1) == 1 && last != '\n';
}

static void history_append(const struct home *home, const char *text)
{
	char path[HOME_PATH_MAX];
	struct stat st = {0};
	struct buf line;

	home_history_file(home, path);
	int fd = home_check_writable(home, NULL) == 0 ? open_file(path, &st) : -1;
	if (fd >= 0 && st.st_size >= MAX_BYTES) {
		close(fd);
		history_rotate(home, path);
		fd = open_file(path, &st);
	}
	if (fd < 0)
		return;
	buf_init(&line, MAX_LINE);
	buf_addf(&line, "%s%s\n", is_torn(fd, &st) ? "\n" : "", text);
	if (!line.failed && write(fd, line.data, line.len) < 0) {
		/* no history, no harm */
	}
	buf_release(&line);
	close(fd);
}

static bool are_same(const json_t *one, const json_t *other, const char *const names[2])
{
	for (int i = 0; i < 2; i++)
		if (!json_equal(json_object_get(one, names[i]), json_object_get(other, names[i])))
			return false;
	return true;
}

/* True if the newest line of that login says the very same. */
static bool is_told(const struct home *home, const json_t *event)
{
	static const char *const login[] = {"platform", "account"}, *const what[] = {"event", "outcome"};
	json_t *lines = NULL;
	bool told = false;

	if (history_read(home, &lines, NULL) < 0)
		return false;
	for (size_t i = json_array_size(lines); i--;) {
		const json_t *line = json_array_get(lines, i);
		if (are_same(line, event, login)) {
			told = are_same(line, event, what);
			break;
		}
	}
	json_decref(lines);
	return told;
}

void history_add(const struct home *home, enum history_event event, const struct identity *who,
    const char *storage, const struct err *failure)
{
	int saved = errno;
	json_t *object = json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:s, s:s}", "time", (json_int_t)clock_now(),
	    "event", event_names[event], "platform", who->platform->id, "account",
	    *who->account ? who->account : NULL, "storage", storage, "outcome",
	    failure ? err_name(failure->code) : "ok", "program", program_invocation_short_name);
	/* Without a network a timer tries every minute: a day of that is one line. */
	bool repeats = object && failure && event == HISTORY_REFRESH && is_told(home, object);
	char *text = object && !repeats ? json_print(object) : NULL;

	if (text)
		history_append(home, text);
	free(text);
	json_decref(object);
	errno = saved;
}

void history_add_store(enum history_event event, const struct store *store, const struct err *failure)
{
	history_add(store->home, event, &store->who, store_kind_name(store->kind), failure);
}

static bool is_event(const json_t *object)
{
	double time;

	return json_number(object, "time", &time) && json_text(object, "event") &&
	       json_text(object, "platform") && json_text(object, "outcome") && json_text(object, "program");
}

static int read_file(const char *path, json_t *lines, struct err *err)
{
	struct buf bytes;
	char why[120];

	buf_init(&bytes, MAX_READ);
	int answer = file_read(path, FILE_OWN, &bytes, NULL, err);
	const char *end = bytes.data + bytes.len;
	for (const char *at = bytes.data; answer == 0 && at < end;) {
		/* After a crash a file may hold zeros. */
		const char *next = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((next ? next : end) - at);
		json_t *object = len ? json_parse(at, len, why, sizeof(why)) : NULL;
		if (is_event(object))
			json_array_append(lines, object);
		json_decref(object);
		at += len + 1;
	}
	buf_release(&bytes);
	return answer < 0 ? -1 : 0;
}

int history_read(const struct home *home, json_t **ret_lines, struct err *err)
{
	char path[HOME_PATH_MAX], aside[HOME_PATH_MAX];
	json_t *lines = json_array();

	home_history_file(home, path);
	home_history_aside(home, aside);
	if (!lines)
		return err_memory(err);
	if (read_file(aside, lines, err) < 0 || read_file(path, lines, err) < 0) {
		json_decref(lines);
		return -1;
	}
	*ret_lines = lines;
	return 0;
}
