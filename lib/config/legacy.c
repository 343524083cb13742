#include "config/legacy.h"

#include "base/file.h"
#include "format/json.h"
#include "format/toml.h"

#include <stdio.h>

enum { MAX_DEPTH = 16, MAX_LEGACY_BYTES = 16 * 1024 * 1024 };

static const char fix_it[] = "correct the file by hand, or move it away";

/* A copy without nulls, which mean "not set": TOML has no null. */
static json_t *without_nulls(const json_t *value)
{
	const char *key;
	json_t *item, *copy;
	size_t i;

	if (json_is_object(value)) {
		copy = json_object();
		json_object_foreach((json_t *)value, key, item) if (!json_is_null(item))
		    json_object_set_new(copy, key, without_nulls(item));
		return copy;
	}
	if (json_is_array(value)) {
		copy = json_array();
		json_array_foreach(value, i, item) if (!json_is_null(item))
		    json_array_append_new(copy, without_nulls(item));
		return copy;
	}
	return json_incref((json_t *)value);
}

/* A JSON object on its way into the document. */
struct addition {
	struct toml *doc;
	const char *path[MAX_DEPTH + 2]; /* of the table */
	struct toml_error *error;
};

/* Sets a table's own values first and the tables in it after them, as TOML requires. */
static int add_table(struct addition *a, const json_t *table, size_t depth)
{
	const char *key;
	json_t *value;

	if (depth >= MAX_DEPTH) {
		*a->error = (struct toml_error){.message = "it is nested too deep"};
		return -1;
	}
	a->path[depth + 1] = NULL;
	json_object_foreach((json_t *)table, key, value)
	{
		a->path[depth] = key;
		if (!json_is_object(value) && toml_set(a->doc, a->path, value, a->error) < 0)
			return -1;
	}
	json_object_foreach((json_t *)table, key, value)
	{
		a->path[depth] = key;
		if (json_is_object(value) && add_table(a, value, depth + 1) < 0)
			return -1;
		a->path[depth + 1] = NULL;
	}
	return 0;
}

static int to_toml(const json_t *settings, struct buf *ret_text, struct toml_error *error)
{
	struct addition a = {.doc = toml_parse("", 0, error), .error = error};
	int failed = !a.doc || add_table(&a, settings, 0) < 0 || toml_render(a.doc, ret_text, error) < 0;

	toml_free(a.doc);
	if (failed)
		return -1;
	return 0;
}

int config_legacy_read(const struct home *home, struct buf *ret_text, bool *ret_found, struct err *err)
{
	char path[HOME_PATH_MAX];
	struct reason reason;
	struct toml_error error = {0};
	struct buf bytes;

	*ret_found = false;
	if (!home->client->older_config)
		return 0;
	home_path(home, HOME_LEGACY_CONFIG, path);
	buf_init_secret(&bytes, MAX_LEGACY_BYTES);
	int result = file_read(path, FILE_FOLLOW, &bytes, NULL, err);
	if (result == 0) {
		json_t *parsed = json_parse_exact(bytes.data, bytes.len, &reason);
		json_t *settings = without_nulls(parsed);
		if (!parsed)
			result =
			    err_set(err, ERR_CONFIG, fix_it, "%s cannot be migrated: %s", path, reason.text);
		else if (!json_is_object(parsed))
			result = err_set(
			    err, ERR_CONFIG, fix_it, "%s cannot be migrated: it is not an object", path);
		else if (to_toml(settings, ret_text, &error) < 0)
			result = err_set(
			    err, ERR_CONFIG, fix_it, "%s cannot be migrated: %s", path, error.message);
		*ret_found = !result;
		json_decref(parsed);
		json_decref(settings);
	}
	buf_release(&bytes);
	if (result < 0)
		return -1;
	return 0;
}

int config_legacy_retire(const struct home *home, struct err *err)
{
	char path[HOME_PATH_MAX], kept[HOME_PATH_MAX + 8];

	home_path(home, HOME_LEGACY_CONFIG, path);
	snprintf(kept, sizeof(kept), "%s.bak", path);
	if (rename(path, kept) < 0)
		return err_errno(err, ERR_CONFIG, "rename it by hand", "cannot rename %s to %s", path, kept);
	return 0;
}
