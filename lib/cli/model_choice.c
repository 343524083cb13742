#include "cli/model_choice.h"

#include "config/login.h"
#include "config/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How well a name fits a model: what is typed whole beats what it begins. */
enum fit { NO_FIT, BEGINS, IS_ID, IS_KEY };

static enum fit fit_of(const char *typed, const char *key, const char *id)
{
	size_t len = strlen(typed);

	if (strcmp(typed, key) == 0)
		return IS_KEY;
	if (id && strcmp(typed, id) == 0)
		return IS_ID;
	return strncmp(typed, key, len) == 0 || (id && strncmp(typed, id, len) == 0) ? BEGINS : NO_FIT;
}

/* The key by which a model can be chosen; NULL: it cannot, or is not of that platform. */
static const char *key_of(const struct home *home, const struct toml_node *model, const struct platform *only)
{
	if (toml_kind(model) != TOML_TABLE || (only && !config_is_model_of(home, model, only)))
		return NULL;
	return config_node_key(model);
}

/* The key of the best fit; *ret_count is how many models fit as well. */
static const char *best_fit(const struct home *home, const struct toml *config, const struct platform *only,
    const char *typed, size_t *ret_count, enum fit *ret_fit)
{
	const char *best = NULL;

	*ret_count = 0;
	*ret_fit = BEGINS;
	for (const struct toml_node *node = config_first_model(config); node; node = toml_next(node)) {
		const char *key = key_of(home, node, only);
		enum fit fit = key ? fit_of(typed, key, config_member_text(node, "model")) : NO_FIT;
		if (fit < *ret_fit)
			continue;
		if (fit > *ret_fit)
			*ret_count = 0;
		if (!(*ret_count)++)
			best = key;
		*ret_fit = fit;
	}
	return best;
}

/* The models that could have been meant: those that fit as well, or all where none does; "..." for what has no room. */
static void list_candidates(const struct home *home, const struct toml *config, const struct platform *only,
    const char *typed, enum fit fit, bool all, char *ret_list, size_t size)
{
	static const char more[] = ", ...";
	size_t len = 0;

	*ret_list = '\0';
	for (const struct toml_node *node = config_first_model(config); node; node = toml_next(node)) {
		const char *key = key_of(home, node, only);
		if (!key || (!all && fit_of(typed, key, config_member_text(node, "model")) != fit))
			continue;
		const char *comma = len ? ", " : "";
		if (len + strlen(comma) + strlen(key) + sizeof(more) > size) {
			snprintf(ret_list + len, size - len, "%s", len ? more : more + 2);
			return;
		}
		len += (size_t)snprintf(ret_list + len, size - len, "%s%s", comma, key);
	}
}

int model_choice_use(const struct report *report, const struct home *home, const struct toml *config,
    const struct platform *only, const char *typed, const char *thinking, struct err *err)
{
	char list[220], todo[240];
	enum fit fit;
	size_t count;
	const char *found = best_fit(home, config, only, typed, &count, &fit);

	if (!config_first_model(config))
		return err_set(err, ERR_USAGE, "run 'kimi login', or 'kimi models --sync'",
		    "config.toml has no models to choose from");
	if (count != 1) {
		list_candidates(home, config, only, typed, fit, count == 0, list, sizeof(list));
		snprintf(todo, sizeof(todo), "use one of %s", list);
		return err_set(err, ERR_USAGE, todo,
		    count ? "'%.80s' matches several models" : "there is no model '%.80s'", typed);
	}
	/* The key lives in the document that is read anew for the change. */
	char *key = strdup(found);
	int failed = key ? config_use_model(home, key, thinking ? strcmp(thinking, "on") == 0 : -1, err)
	                 : err_memory(err);
	if (!failed)
		report_tell(report, "success", json_pack("{s:s}", "default_model", key),
		    "the default model is now %s", key);
	free(key);
	return failed;
}
