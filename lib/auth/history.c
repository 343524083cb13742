#include "auth/history.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/text.h"
#include "format/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* Opens the file, and creates it if it is missing, with mode 0600. */
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

/*
 * Renames a large file. If another process holds the lock, it is doing the same, and this
 * one goes on.
 */
static void history_rotate(const struct home *home, const char *path)
{
	char lock_file[HOME_PATH_MAX], aside[HOME_PATH_MAX];
	struct lock lock = LOCK_INIT;
	struct stat st;

	home_path(home, HOME_HISTORY_LOCK, lock_file);
	home_path(home, HOME_HISTORY_ASIDE, aside);
	if (lock_acquire(&lock, lock_file, clock_ms(), NULL) < 0)
		return;
	if (lstat(path, &st) == 0 && st.st_size >= MAX_BYTES && rename(path, aside) < 0) {
		/* the file keeps growing, and the next process tries again */
	}
	lock_release(&lock);
}

/*
 * The last line was cut short by a full disk and has no newline, which would spoil the
 * next line, too.
 */
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

	home_path(home, HOME_HISTORY, path);
	if (home_check_writable(home, NULL) < 0)
		return;
	int fd = open_file(path, &st);
	if (fd >= 0 && st.st_size >= MAX_BYTES) {
		close(fd);
		history_rotate(home, path);
		fd = open_file(path, &st);
	}
	if (fd < 0)
		return;
	buf_init(&line, MAX_LINE);
	if (is_torn(fd, &st))
		buf_addstr(&line, "\n");
	buf_addf(&line, "%s\n", text);
	if (!line.failed && write(fd, line.data, line.len) < 0) {
		/* nothing depends on the log */
	}
	buf_release(&line);
	close(fd);
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

	buf_init(&bytes, MAX_READ);
	int result = file_read(path, FILE_OWN, &bytes, NULL, err);
	const char *end = bytes.data + bytes.len;
	for (const char *at = bytes.data; result == 0 && at < end;) {
		/* Not strchr(): after a crash the file may contain NUL bytes. */
		const char *next = memchr(at, '\n', (size_t)(end - at));
		if (!next)
			next = end;
		size_t len = (size_t)(next - at);
		json_t *object = json_parse(at, len, NULL);
		if (is_event(object))
			json_array_append(lines, object);
		json_decref(object);
		at += len + 1;
	}
	buf_release(&bytes);
	if (result < 0)
		return -1;
	return 0;
}

static int history_read_home(const struct home *home, json_t **ret_lines, struct err *err)
{
	char path[HOME_PATH_MAX], aside[HOME_PATH_MAX];
	json_t *lines = json_array();

	home_path(home, HOME_HISTORY, path);
	home_path(home, HOME_HISTORY_ASIDE, aside);
	if (read_file(aside, lines, err) < 0 || read_file(path, lines, err) < 0) {
		json_decref(lines);
		return -1;
	}
	*ret_lines = lines;
	return 0;
}

static bool are_same(const json_t *one, const json_t *other, const char *const names[2])
{
	for (int i = 0; i < 2; i++)
		if (!json_equal(json_object_get(one, names[i]), json_object_get(other, names[i])))
			return false;
	return true;
}

/* The newest entry of that login has the same event and outcome. */
static bool history_repeats(const struct home *home, const json_t *event)
{
	static const char *const login[] = {"platform", "account"}, *const what[] = {"event", "outcome"};
	json_t *lines = NULL;
	bool same = false;

	if (history_read_home(home, &lines, NULL) < 0)
		return false;
	for (size_t i = json_array_size(lines); i--;) {
		const json_t *line = json_array_get(lines, i);
		if (are_same(line, event, login)) {
			same = are_same(line, event, what);
			break;
		}
	}
	json_decref(lines);
	return same;
}

void history_add(const struct history_entry *entry)
{
	const struct home *home = entry->who->home;
	int saved = errno;
	const char *outcome = "ok";
	char *text = NULL;

	if (entry->failure)
		outcome = err_name(entry->failure->code);
	json_t *object = json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:s, s:s}", "time", (json_int_t)clock_now(),
	    "event", event_names[entry->event], "platform", entry->who->platform->id, "account",
	    text_or_null(entry->who->name), "storage", entry->storage, "outcome", outcome, "program",
	    program_invocation_short_name);
	/* Without a network, a timer fails every minute; that must not fill the log. */
	bool repeats =
	    object && entry->failure && entry->event == HISTORY_REFRESH && history_repeats(home, object);
	if (object && !repeats)
		text = json_print(object);
	if (text)
		history_append(home, text);
	free(text);
	json_decref(object);
	errno = saved;
}

void history_add_store(enum history_event event, const struct store *store, const struct err *failure)
{
	const struct history_entry entry = {event, &store->who, store_kind_name(store->kind), failure};

	history_add(&entry);
}

static double history_time(const json_t *line)
{
	double time = 0;

	json_number(line, "time", &time);
	return time;
}

/* Inserts the lines of one log between those of others. All are in the order of their times. */
static void history_merge(json_t *all, json_t *lines, const char *client)
{
	size_t n, at = 0;
	json_t *line;

	json_array_foreach(lines, n, line)
	{
		if (client)
			json_object_set_new(line, "client", json_string(client));
		while (
		    at < json_array_size(all) && history_time(json_array_get(all, at)) <= history_time(line))
			at++;
		json_array_insert(all, at++, line);
	}
}

int history_read(const struct home homes[], size_t count, json_t **ret_lines, struct err *err)
{
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++) {
		const char *client = count > 1 ? homes[i].client->name : NULL;
		json_t *lines = NULL;
		if (history_read_home(&homes[i], &lines, err) < 0) {
			json_decref(all);
			return -1;
		}
		history_merge(all, lines, client);
		json_decref(lines);
	}
	*ret_lines = all;
	return 0;
}

static bool history_is_of(const json_t *line, const char *platform, const char *account)
{
	return (!platform || strcmp(text_or_empty(json_text(line, "platform")), platform) == 0) &&
	       (!account || strcmp(text_or_empty(json_text(line, "account")), account) == 0);
}

void history_select(json_t *lines, const char *platform, const char *account)
{
	for (size_t i = json_array_size(lines); i-- > 0;)
		if (!history_is_of(json_array_get(lines, i), platform, account))
			json_array_remove(lines, i);
}
