#include "cli/model_sync.h"

#include "config/dialect.h"
#include "config/file.h"
#include "config/login.h"
#include "config/view.h"

#include <stdlib.h>

enum { MAX_LIST = 64 * 1024 };

static void model_sync_add_name(struct buf *list, const char *name)
{
	buf_addf(list, "%s%s", list->len ? ", " : "", name);
}

void model_sync_tell_kept(const struct report *report, const struct home *home,
    const struct platform *platform, const struct models *models)
{
	const struct dialect *dialect = config_dialect(home);
	struct toml *config = NULL;
	struct buf own, without_context;

	if (config_file_read(home, &config, NULL) != 0)
		return;
	buf_init(&own, MAX_LIST);
	buf_init(&without_context, MAX_LIST);
	for (size_t i = 0; i < models->count; i++) {
		char *key = config_model_key(platform, models->items[i].id);
		if (key && !dialect_takes_model(dialect, &models->items[i]))
			model_sync_add_name(&without_context, key);
		else if (key && config_is_own_model(home, config, platform, key))
			model_sync_add_name(&own, key);
		free(key);
	}
	if (own.len)
		report_note(report, "kept your own models in config.toml: %s", own.data);
	if (without_context.len)
		report_note(report,
		    "not written to config.toml, because Kimi gives no context length for them: %s",
		    without_context.data);
	buf_release(&without_context);
	buf_release(&own);
	toml_free(config);
}

int model_sync_write(
    const struct report *report, const struct home *home, const struct catalog *catalog, struct err *err)
{
	for (size_t i = 0; i < catalog->count; i++) {
		const struct catalog_entry *entry = &catalog->entries[i];
		bool changed;
		if (entry->failed)
			continue;
		if (config_sync_models(home, entry->platform, &entry->models, &changed, err) < 0)
			return -1;
		model_sync_tell_kept(report, home, entry->platform, &entry->models);
		report_note(report, "the models of %s in config.toml %s", entry->platform->name,
		    changed ? "were updated" : "are up to date");
	}
	return 0;
}

/* Of several platforms those that failed are spoken of, and the others shown; the first failure is the outcome. */
int model_sync_outcome(const struct report *report, const struct catalog *catalog, struct err *err)
{
	int failed = 0;

	for (size_t i = 0; i < catalog->count; i++) {
		const struct catalog_entry *entry = &catalog->entries[i];
		if (!entry->failed)
			continue;
		if (failed)
			report_line(report, "%s: %s", entry->platform->name, entry->err.what);
		else
			failed = err_set(err, entry->err.code, entry->err.todo, "%s%s%s",
			    catalog->count > 1 ? entry->platform->name : "", catalog->count > 1 ? ": " : "",
			    entry->err.what);
	}
	return failed;
}

int model_sync_all(
    const struct report *report, const struct home *home, const struct identity *only, struct err *err)
{
	struct toml *config = NULL;
	struct catalog catalog;

	if (config_file_read(home, &config, err) < 0)
		return -1;
	catalog_fetch(&catalog, home, config, only);
	toml_free(config); /* it may be large, and is read again to be edited */
	int failed = model_sync_write(report, home, &catalog, err);
	if (!failed)
		failed = model_sync_outcome(report, &catalog, err);
	catalog_clear(&catalog);
	return failed;
}
