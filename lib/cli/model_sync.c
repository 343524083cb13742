#include "cli/model_sync.h"

#include "auth/api_key.h"
#include "base/signals.h"
#include "config/dialect.h"
#include "config/file.h"
#include "config/login.h"
#include "config/view.h"

#include <stdio.h>
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
		if (!dialect_takes_model(dialect, &models->items[i]))
			model_sync_add_name(&without_context, key);
		else if (config_is_own_model(home, config, platform, key))
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
    const struct report *report, const struct home *home, const struct model_lists *catalog, struct err *err)
{
	for (size_t i = 0; i < catalog->count; i++) {
		const struct model_list *entry = &catalog->entries[i];
		bool changed;
		if (entry->failed)
			continue;
		if (config_sync_models(
		        home, &(struct config_sync){entry->platform, &entry->models}, &changed, err) < 0)
			return -1;
		model_sync_tell_kept(report, home, entry->platform, &entry->models);
		if (changed)
			report_note(
			    report, "the models of %s in config.toml were updated", entry->platform->name);
		else
			report_note(
			    report, "the models of %s in config.toml are up to date", entry->platform->name);
	}
	return 0;
}

int model_sync_outcome(const struct report *report, const struct model_lists *catalog, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < catalog->count; i++) {
		const struct model_list *entry = &catalog->entries[i];
		if (!entry->failed)
			continue;
		if (result < 0)
			report_line(report, "%s: %s", entry->platform->name, entry->err.what);
		else if (catalog->count > 1)
			result = err_set(err, entry->err.code, entry->err.hint, "%s: %s",
			    entry->platform->name, entry->err.what);
		else
			result = err_set(err, entry->err.code, entry->err.hint, "%s", entry->err.what);
	}
	return result;
}

int model_sync_all(
    const struct report *report, const struct home *home, const struct account *only, struct err *err)
{
	struct toml *config = NULL;
	struct model_lists catalog;

	if (config_file_read(home, &config, err) < 0)
		return -1;
	model_lists_fetch(&catalog, home, config, only);
	toml_free(config); /* it may be large, and is read again to be edited */
	int result = model_sync_write(report, home, &catalog, err);
	if (result == 0)
		result = model_sync_outcome(report, &catalog, err);
	model_lists_clear(&catalog);
	return result;
}

static bool has_any_login(const struct home *home, const struct platform *only)
{
	struct account account;

	if (api_key_is_stored(home, only))
		return true;
	return account_find(&account, home, only ? only->id : NULL, "", NULL) == 0 &&
	       account_is_stored(&account);
}

/* `is_one_of`: messages name the client of the home, because there are several. */
static int model_sync_home(const struct report *report, const struct home *home, bool is_one_of,
    const struct platform *only, struct err *err)
{
	struct report named = *report;
	struct account account;
	char program[80];

	if (only && account_find(&account, home, only->id, "", err) < 0)
		return -1;
	if (is_one_of) {
		snprintf(program, sizeof(program), "%s: %s", report->program, home->client->name);
		named.program = program;
	}
	int result = model_sync_all(&named, home, only ? &account : NULL, err);
	if (result < 0 && is_one_of && err->code != ERR_INTERRUPTED)
		err_set(err, err->code, err->hint, "%s: %s", home->client->name, err->what);
	return result;
}

int model_sync_homes(const struct report *report, const struct home homes[], size_t count,
    const struct platform *only, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < count && !signals_caught(); i++) {
		struct err failure;
		if (count > 1 && !has_any_login(&homes[i], only))
			continue;
		if (model_sync_home(report, &homes[i], count > 1, only, &failure) == 0)
			continue;
		if (result < 0)
			report_line(report, "%s", failure.what);
		else
			*err = failure;
		result = -1;
	}
	return result;
}
