#include "config/legacy.h"

#include "base/file.h"
#include "format/json.h"
#include "format/toml.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 16, MAX_LEGACY_BYTES = 16 * 1024 * 1024 };

static const char fix_it[] = "correct the file by hand, or move it away";

/* Nulls mean "not set", which TOML says by leaving the key out. */
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

/* A table's own values first, then the tables below it, as TOML wants them. */
static int add_table(
    struct toml *doc, const json_t *table, const char *path[], size_t depth, struct toml_error *error)
{
	const char *key;
	json_t *value;

	if (depth >= MAX_DEPTH) {
		*error = (struct toml_error){.message = "it is nested too deep"};
		return -1;
	}
	path[depth + 1] = NULL;
	json_object_foreach((json_t *)table, key, value)
	{
		path[depth] = key;
		if (!json_is_object(value) && toml_set(doc, path, value, error) < 0)
			return -1;
	}
	json_object_foreach((json_t *)table, key, value)
	{
		path[depth] = key;
		if (json_is_object(value) && add_table(doc, value, path, depth + 1, error) < 0)
			return -1;
		path[depth + 1] = NULL;
	}
	return 0;
}

static int to_toml(const json_t *settings, struct buf *ret_text, struct toml_error *error)
{
	const char *path[MAX_DEPTH + 2] = {NULL};
	struct toml *doc = toml_parse("", 0, error);
	int failed =
	    !doc || add_table(doc, settings, path, 0, error) < 0 || toml_render(doc, ret_text, error) < 0;

	toml_free(doc);
	return failed ? -1 : 0;
}

int config_legacy_read(const struct home *home, struct buf *ret_text, bool *ret_found, struct err *err)
{
	char path[HOME_PATH_MAX], why[160];
	struct toml_error error = {0};
	struct buf bytes;
	json_t *settings = NULL;

	*ret_found = false;
	if (!home->client->older_config)
		return 0;
	home_legacy_config_file(home, path);
	buf_init_secret(&bytes, MAX_LEGACY_BYTES);
	int answer = file_read(path, FILE_FOLLOW, &bytes, NULL, err);
	if (answer == 0) {
		json_t *parsed = json_parse_exact(bytes.data, bytes.len, why, sizeof(why));
		if (!parsed)
			answer = err_set(err, ERR_CONFIG, fix_it, "%s cannot be migrated: %s", path, why);
		else if (!json_is_object(parsed))
			answer = err_set(
			    err, ERR_CONFIG, fix_it, "%s cannot be migrated: it is not an object", path);
		else if (!(settings = without_nulls(parsed)))
			answer = err_memory(err);
		else if (to_toml(settings, ret_text, &error) < 0)
			answer = err_set(
			    err, ERR_CONFIG, fix_it, "%s cannot be migrated: %s", path, error.message);
		*ret_found = !answer;
		json_decref(parsed);
		json_decref(settings);
	}
	buf_release(&bytes);
	return answer < 0 ? -1 : 0;
}

int config_legacy_retire(const struct home *home, struct err *err)
{
	char path[HOME_PATH_MAX], kept[HOME_PATH_MAX + 8];

	home_legacy_config_file(home, path);
	snprintf(kept, sizeof(kept), "%s.bak", path);
	if (rename(path, kept) < 0)
		return err_errno(err, ERR_CONFIG, "rename it by hand", "cannot rename %s to %s", path, kept);
	return 0;
}
