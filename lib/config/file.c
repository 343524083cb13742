#include "config/file.h"

#include "account/platform.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/signals.h"
#include "config/legacy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CONFIG_BYTES = 64 * 1024 * 1024, LOCK_WAIT_MS = 10000, TRIES = 20, SETTLE_MS = 100 };

static const char fix_it[] = "correct the file by hand, then run the command again";

int config_file_error(const struct toml_error *error, struct err *err)
{
	if (!error->line)
		return err_set(err, ERR_CONFIG, fix_it, "config.toml: %s", error->message);
	return err_set(err, ERR_CONFIG, fix_it, "config.toml, line %zu, column %zu: %s", error->line,
	    error->column, error->message);
}

/* The file as it was read. */
struct snapshot {
	char path[PATH_MAX]; /* the real file, behind any links */
	bool exists;
	bool is_legacy; /* the bytes come from config.json */
	struct stat st;
	struct buf bytes;
};

static int as_config_error(struct err *err)
{
	if (err && err->code == ERR_STORAGE)
		err->code = ERR_CONFIG;
	return -1;
}

static int take_snapshot(const struct home *home, struct snapshot *s, struct err *err)
{
	char named[HOME_PATH_MAX];

	home_config_file(home, named);
	s->is_legacy = false;
	buf_clear(&s->bytes);
	if (!realpath(named, s->path)) {
		if (errno != ENOENT)
			return err_errno(err, ERR_CONFIG,
			    "check that you can read each directory of its path", "cannot find %s", named);
		struct stat st;
		if (lstat(named, &st) == 0)
			return err_set(err, ERR_CONFIG, "create its target, or remove the link",
			    "%s is a link to a file that is not there", named);
		snprintf(s->path, sizeof(s->path), "%s", named);
	}
	int answer = file_read(s->path, 0, &s->bytes, &s->st, err);
	if (answer < 0)
		return as_config_error(err);
	s->exists = answer == 0;
	return 0;
}

static struct toml *config_parse(const struct snapshot *s, struct err *err)
{
	struct toml_error error;
	struct toml *doc = toml_parse(s->bytes.data, s->bytes.len, &error);

	if (!doc)
		config_file_error(&error, err);
	return doc;
}

static bool is_still(const struct snapshot *s)
{
	struct stat now;

	if (lstat(s->path, &now) < 0)
		return !s->exists;
	return s->exists && now.st_dev == s->st.st_dev && now.st_ino == s->st.st_ino &&
	       now.st_size == s->st.st_size && now.st_mtim.tv_sec == s->st.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == s->st.st_mtim.tv_nsec;
}

/*
 * kimi-cli truncates and rewrites without a lock, and half a TOML file may parse: one touched just now is left to settle
 * before anything is concluded from it. 0 it is still the same, 1 it changed, -1 interrupted.
 */
static int config_settle(const struct snapshot *s, struct err *err)
{
	int left = s->exists ? file_unsettled(&s->st, SETTLE_MS) : 0;

	if (left && signals_sleep(left, err) < 0)
		return -1;
	return is_still(s) ? 0 : 1;
}

int config_file_read(const struct home *home, struct toml **ret_doc, struct err *err)
{
	struct snapshot s;
	struct toml *doc = NULL;
	int answer;

	buf_init_secret(&s.bytes, MAX_CONFIG_BYTES);
	for (int n = 1;; n++) {
		answer = take_snapshot(home, &s, err);
		if (answer < 0 || !s.exists)
			break;
		doc = config_parse(&s, err);
		/* One that does not parse, or is empty, may be half a file. */
		if ((doc && s.bytes.len) || n == TRIES || config_settle(&s, err) <= 0)
			break;
		toml_free(doc);
		doc = NULL;
	}
	if (answer == 0 && s.exists && !doc)
		answer = -1;
	else if (answer == 0 && !s.exists)
		answer = 1;
	else if (answer == 0)
		*ret_doc = doc;
	buf_release(&s.bytes);
	return answer;
}

/* Nix, a ConfigMap and an image's COPY leave a file of root's: it is read, and changed only by its owner. */
static int check_owner(const struct snapshot *s, struct err *err)
{
	if (!s->exists || s->st.st_uid == geteuid())
		return 0;
	return err_set(err, ERR_CONFIG, "this config is read-only here; the login works without it",
	    "%s belongs to another user (uid %lu) and is not changed", s->path, (unsigned long)s->st.st_uid);
}

static unsigned notes;

unsigned config_file_take_notes(void)
{
	unsigned taken = notes;

	notes = 0;
	return taken;
}

/* What is to be said of a file that was replaced. */
static void note_replaced(const struct snapshot *s, const struct newfile *f, bool close)
{
	if (close)
		notes |= f->open_to_others ? CONFIG_STAYS_OPEN : CONFIG_TIGHTENED;
	if (f->stricter)
		notes |= CONFIG_STRICTER;
	if (s->exists && s->st.st_nlink > 1)
		notes |= CONFIG_SPLIT;
}

/* 0 replaced, 1 the file changed under our hands, -1 error. */
static int config_replace(const struct snapshot *s, bool close, const struct buf *text, struct err *err)
{
	struct newfile f = NEWFILE_INIT;
	mode_t mode = s->exists ? s->st.st_mode & 07777 : 0600;
	int answer = 0;

	if (close)
		mode &= ~(mode_t)077;
	newfile_sweep(s->path);
	if (newfile_open(&f, s->path, mode, err) < 0 || (s->exists && newfile_keep(&f, mode, err) < 0) ||
	    newfile_write(&f, text->data, text->len, err) < 0 || newfile_sync(&f, err) < 0)
		answer = as_config_error(err);
	else
		answer = config_settle(s, err); /* the last look, with the rename right behind it */
	if (!answer && newfile_commit(&f, err) < 0)
		answer = as_config_error(err);
	if (!answer)
		note_replaced(s, &f, close);
	newfile_abandon(&f);
	return answer;
}

/* A provider that a login of ours writes has an API key in a config of these bytes. */
static bool holds_key(const struct buf *text)
{
	static const char ours[] = "managed:";
	struct toml_error error;
	struct toml *doc = toml_parse(text->data, text->len, &error);
	const struct toml_node *node = doc ? toml_member(toml_root(doc), "providers") : NULL;
	bool found = false;

	if (node && toml_kind(node) == TOML_TABLE)
		node = toml_first(node);
	else
		node = NULL;
	for (; node && !found; node = toml_next(node)) {
		const char *name = toml_key(node, NULL);
		bool is_ours = strncmp(name, ours, strlen(ours)) == 0 || platform_find(name, NULL);
		const struct toml_node *key =
		    is_ours && toml_kind(node) == TOML_TABLE ? toml_member(node, "api_key") : NULL;
		found = key && toml_kind(key) == TOML_STRING && *toml_string(key, NULL);
	}
	toml_free(doc);
	return found;
}

/* Edits the document and renders it; *ret_changed tells whether there is something to write. */
static int config_file_edit(const struct home *home, const struct snapshot *s,
    const struct config_change *change, bool *ret_changed, struct buf *ret_text, struct err *err)
{
	struct toml_error error;
	struct toml *doc = config_parse(s, err);

	if (!doc)
		return -1;
	int answer = change->edit(home, doc, change->context, err);
	*ret_changed = !answer && (s->is_legacy || toml_edited(doc));
	if (*ret_changed && toml_render(doc, ret_text, &error) < 0)
		answer = config_file_error(&error, err);
	toml_free(doc);
	return answer;
}

/* One pass: 0 done, 1 the file changed meanwhile, -1 error. */
static int change_once(
    const struct home *home, struct snapshot *s, struct config_change *change, struct err *err)
{
	struct buf text;
	bool changed = false;

	if (take_snapshot(home, s, err) < 0 ||
	    (!s->exists && config_legacy_read(home, &s->bytes, &s->is_legacy, err) < 0))
		return as_config_error(err);
	buf_init_secret(&text, MAX_CONFIG_BYTES);
	int late, answer = config_file_edit(home, s, change, &changed, &text, err);
	bool open = s->exists && (s->st.st_mode & 077) && s->st.st_uid == geteuid();
	bool close = !answer && open && holds_key(changed ? &text : &s->bytes);
	if (!answer && changed)
		answer = check_owner(s, err);
	if (!answer && changed)
		answer = config_replace(s, close, &text, err);
	else if ((late = config_settle(s, err)) != 0)
		answer = late;
	else if (close)
		notes |= file_close_to_others(s->path, &s->st) ? CONFIG_TIGHTENED : CONFIG_STAYS_OPEN;
	if (!answer && s->is_legacy)
		answer = config_legacy_retire(home, err);
	if (!answer)
		change->changed = changed;
	buf_release(&text);
	return answer;
}

int config_file_change(const struct home *home, struct config_change *change, struct err *err)
{
	struct lock lock = LOCK_INIT;
	struct snapshot s;
	char lock_file[HOME_PATH_MAX];
	int answer = 1;

	home_config_lock(home, lock_file);
	if (home_check_writable(home, err) < 0 || dir_make(home->folder, err) < 0 ||
	    lock_acquire(&lock, lock_file, clock_ms() + LOCK_WAIT_MS, err) < 0)
		return as_config_error(err);
	buf_init_secret(&s.bytes, MAX_CONFIG_BYTES);
	for (int n = 0; n < TRIES && answer > 0; n++)
		answer = change_once(home, &s, change, err);
	if (answer > 0)
		answer =
		    err_set(err, ERR_BUSY, "try again later", "another program keeps changing config.toml");
	buf_release(&s.bytes);
	lock_release(&lock);
	return answer;
}

bool config_file_sweep(const struct home *home)
{
	struct lock lock = LOCK_INIT;
	char named[HOME_PATH_MAX], lock_file[HOME_PATH_MAX], path[PATH_MAX];

	home_config_file(home, named);
	if (!realpath(named, path))
		snprintf(path, sizeof(path), "%s", named);
	home_config_lock(home, lock_file);
	if (!newfile_is_left(path) || lock_acquire(&lock, lock_file, clock_ms() + LOCK_WAIT_MS, NULL) < 0)
		return false;
	bool swept = newfile_sweep(path);
	lock_release(&lock);
	return swept;
}

/* What cannot be looked at is there: whoever opens it has the error. */
static bool config_is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool config_file_exists(const struct home *home)
{
	char path[HOME_PATH_MAX], legacy[HOME_PATH_MAX];

	home_config_file(home, path);
	home_legacy_config_file(home, legacy);
	return config_is_there(path) || (home->client->older_config && config_is_there(legacy));
}
