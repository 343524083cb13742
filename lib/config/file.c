#include "config/file.h"

#include "account/platform.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/newfile.h"
#include "base/signals.h"
#include "config/legacy.h"
#include "config/view.h"

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
	const struct home *home;
	char path[PATH_MAX]; /* of the real file, with links resolved */
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

static int take_snapshot(struct snapshot *s, struct err *err)
{
	char named[HOME_PATH_MAX];

	home_path(s->home, HOME_CONFIG, named);
	s->is_legacy = false;
	buf_clear(&s->bytes);
	if (!realpath(named, s->path)) {
		if (errno != ENOENT)
			return err_errno(err, ERR_CONFIG,
			    "check that you can read each directory of its path", "cannot find %s", named);
		struct stat st;
		if (lstat(named, &st) == 0)
			return err_set(err, ERR_CONFIG, "create its target, or remove the link",
			    "%s is a link to a file that does not exist", named);
		snprintf(s->path, sizeof(s->path), "%s", named);
	}
	int result = file_read(s->path, 0, &s->bytes, &s->st, err);
	if (result < 0)
		return as_config_error(err);
	s->exists = result == 0;
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

static bool config_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/*
 * Waits until the file has not been modified for a moment: kimi-cli truncates and
 * rewrites it without a lock, and half a TOML file may be valid. 0: it is unchanged. 1:
 * it has changed. -1: interrupted, or it cannot be looked at.
 */
static int config_settle(const struct snapshot *s, struct err *err)
{
	int left = s->exists ? file_unsettled(&s->st, SETTLE_MS) : 0;
	struct stat now;

	if (left && signals_sleep(left, err) < 0)
		return -1;
	bool exists = lstat(s->path, &now) == 0;
	if (!exists && errno != ENOENT)
		return err_errno(err, ERR_CONFIG, "check the disk and the permissions of its directory",
		    "cannot read %s", s->path);
	if (exists == s->exists && (!exists || config_is_same(&now, &s->st)))
		return 0;
	return 1;
}

int config_file_read(const struct home *home, struct toml **ret_doc, struct err *err)
{
	struct snapshot s = {.home = home};
	struct toml *doc = NULL;
	int result;

	buf_init_secret(&s.bytes, MAX_CONFIG_BYTES);
	for (int n = 1;; n++) {
		result = take_snapshot(&s, err);
		if (result < 0 || !s.exists)
			break;
		doc = config_parse(&s, err);
		/* A file that is invalid or empty may have been read while it was being written. */
		if ((doc && s.bytes.len) || n == TRIES || config_settle(&s, err) <= 0)
			break;
		toml_free(doc);
		doc = NULL;
	}
	if (result == 0 && s.exists && !doc)
		result = -1;
	else if (result == 0 && !s.exists)
		result = 1;
	else if (result == 0)
		*ret_doc = doc;
	buf_release(&s.bytes);
	return result;
}

/*
 * Nix, a ConfigMap or COPY in a Dockerfile create a file that belongs to root. Only its
 * owner changes it.
 */
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

/* Notes for the user about a replaced file. */
static void note_replaced(const struct snapshot *s, const struct newfile *f, bool close)
{
	if (close)
		notes |= f->open_to_others ? CONFIG_STAYS_OPEN : CONFIG_TIGHTENED;
	if (f->stricter)
		notes |= CONFIG_STRICTER;
	if (s->exists && s->st.st_nlink > 1)
		notes |= CONFIG_SPLIT;
}

/* 0 replaced, 1 the file has changed meanwhile, -1 error. */
static int config_replace(const struct snapshot *s, bool close, const struct buf *text, struct err *err)
{
	struct newfile f = NEWFILE_INIT;
	mode_t mode = s->exists ? s->st.st_mode & 07777 : 0600;
	int result = 0;

	if (close)
		mode &= ~(mode_t)077;
	newfile_sweep(s->path);
	if (newfile_open(&f, s->path, mode, err) < 0 || (s->exists && newfile_keep(&f, mode, err) < 0) ||
	    newfile_write(&f, text->data, text->len, err) < 0 || newfile_sync(&f, err) < 0)
		result = as_config_error(err);
	else
		result = config_settle(s, err); /* right before the rename */
	if (!result && newfile_commit(&f, err) < 0)
		result = as_config_error(err);
	if (!result)
		note_replaced(s, &f, close);
	newfile_abandon(&f);
	return result;
}

/* The config with these bytes has an API key in a provider that our login writes. */
static bool holds_key(const struct buf *text)
{
	static const char ours[] = "managed:";
	struct toml_error error;
	struct toml *doc = toml_parse(text->data, text->len, &error);
	const struct toml_node *node = config_first_provider(doc);
	bool found = false;

	for (; node && !found; node = toml_next(node)) {
		const char *name = toml_key(node, NULL);
		const char *key = toml_string(toml_member(node, "api_key"), NULL);
		bool is_ours = strncmp(name, ours, strlen(ours)) == 0 || platform_find(name, NULL);
		found = is_ours && key && *key;
	}
	toml_free(doc);
	return found;
}

/* Edits the document. If that changes it, sets change->changed and renders it into *ret_text. */
static int config_file_edit(
    struct snapshot *s, struct config_change *change, struct buf *ret_text, struct err *err)
{
	struct toml_error error;
	struct toml *doc = config_parse(s, err);

	if (!doc)
		return -1;
	int result = change->edit(s->home, doc, change->context, err);
	change->changed = !result && (s->is_legacy || toml_edited(doc));
	if (change->changed) /* it may be large, and is not needed any more */
		buf_release(&s->bytes);
	if (change->changed && toml_render(doc, ret_text, &error) < 0)
		result = config_file_error(&error, err);
	toml_free(doc);
	return result;
}

/* One attempt: 0 done, 1 the file has changed meanwhile, -1 error. */
static int change_once(struct snapshot *s, struct config_change *change, struct err *err)
{
	struct buf text;

	if (take_snapshot(s, err) < 0 ||
	    (!s->exists && config_legacy_read(s->home, &s->bytes, &s->is_legacy, err) < 0))
		return as_config_error(err);
	buf_init_secret(&text, MAX_CONFIG_BYTES);
	int late, result = config_file_edit(s, change, &text, err);
	bool open = s->exists && (s->st.st_mode & 077) && s->st.st_uid == geteuid();
	bool close = !result && open && holds_key(change->changed ? &text : &s->bytes);
	if (!result && change->changed)
		result = check_owner(s, err);
	if (!result && change->changed)
		result = config_replace(s, close, &text, err);
	else if ((late = config_settle(s, err)) != 0)
		result = late;
	else if (close)
		notes |= file_close_to_others(s->path, &s->st) ? CONFIG_TIGHTENED : CONFIG_STAYS_OPEN;
	if (!result && s->is_legacy)
		result = config_legacy_retire(s->home, err);
	buf_release(&text);
	return result;
}

int config_file_change(const struct home *home, struct config_change *change, struct err *err)
{
	struct lock lock = LOCK_INIT;
	struct snapshot s = {.home = home};
	char lock_file[HOME_PATH_MAX];
	int result = 1;

	home_path(home, HOME_CONFIG_LOCK, lock_file);
	if (home_check_writable(home, err) < 0 || dir_make(home->directory, err) < 0 ||
	    lock_acquire(&lock, lock_file, clock_ms() + LOCK_WAIT_MS, err) < 0)
		return as_config_error(err);
	buf_init_secret(&s.bytes, MAX_CONFIG_BYTES);
	for (int n = 0; n < TRIES && result > 0; n++)
		result = change_once(&s, change, err);
	if (result > 0)
		result =
		    err_set(err, ERR_BUSY, "try again later", "another program keeps changing config.toml");
	buf_release(&s.bytes);
	lock_release(&lock);
	return result;
}

bool config_file_sweep(const struct home *home)
{
	struct lock lock = LOCK_INIT;
	char named[HOME_PATH_MAX], lock_file[HOME_PATH_MAX], path[PATH_MAX];

	home_path(home, HOME_CONFIG, named);
	if (!realpath(named, path))
		snprintf(path, sizeof(path), "%s", named);
	home_path(home, HOME_CONFIG_LOCK, lock_file);
	if (!newfile_is_left(path) || lock_acquire(&lock, lock_file, clock_ms() + LOCK_WAIT_MS, NULL) < 0)
		return false;
	bool swept = newfile_sweep(path);
	lock_release(&lock);
	return swept;
}

/* True also if the path cannot be checked: opening the file will report why. */
static bool config_is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool config_file_exists(const struct home *home)
{
	char path[HOME_PATH_MAX], legacy[HOME_PATH_MAX];

	home_path(home, HOME_CONFIG, path);
	home_path(home, HOME_LEGACY_CONFIG, legacy);
	return config_is_there(path) || (home->client->older_config && config_is_there(legacy));
}

const struct platform *config_default_platform_at(const struct home *home)
{
	struct toml *doc = NULL;
	const struct platform *platform = NULL;

	if (config_file_read(home, &doc, NULL) == 0)
		platform = config_default_platform(home, doc);
	toml_free(doc);
	return platform;
}

bool config_names_keyring(const struct account *who)
{
	struct toml *doc = NULL;
	bool named = false;

	if (config_file_read(who->home, &doc, NULL) != 0)
		return false;
	for (const struct toml_node *node = config_first_provider(doc); node; node = toml_next(node)) {
		const struct toml_node *oauth = toml_member(node, "oauth");
		const char *storage = config_member_text(oauth, "storage");
		const char *its_key = config_member_text(oauth, "key");
		if (storage && its_key && strcmp(storage, "keyring") == 0 && strcmp(its_key, who->key) == 0)
			named = true;
	}
	toml_free(doc);
	return named;
}
