#include "cli/model_sync.h"

#include "config/file.h"
#include "config/login.h"

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
		report_note(report, "the models of %s in config.toml %s", entry->platform->name,
		    changed ? "were brought up to date" : "are up to date");
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
	int failed = model_sync_write(report, home, &catalog, err);
	if (!failed)
		failed = model_sync_outcome(report, &catalog, err);
	catalog_clear(&catalog);
	toml_free(config);
	return failed;
}
