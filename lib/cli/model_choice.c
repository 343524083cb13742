#include "cli/model_choice.h"

#include "base/memory.h"
#include "config/login.h"
#include "config/view.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How well a name fits a model, the best last. */
enum fit { NO_FIT, BEGINS, IS_ID, IS_KEY };

struct match {
	const char *key; /* of the first model with the best fit; NULL: no model fits */
	enum fit fit;
	size_t count; /* models that fit as well */
};

/* The key by which a model can be chosen; NULL: it has none, or is of another platform. */
static const char *choice_key(const struct model_choice *choice, const struct toml_node *model)
{
	if (toml_kind(model) != TOML_TABLE)
		return NULL;
	if (choice->only && !config_is_model_of(choice->home, model, choice->only))
		return NULL;
	return config_node_key(model);
}

static enum fit choice_fit(const struct model_choice *choice, const struct toml_node *model)
{
	const char *key = choice_key(choice, model), *id = config_member_text(model, "model");
	const char *typed = choice->typed;
	size_t len = strlen(typed);

	if (!key)
		return NO_FIT;
	if (strcmp(typed, key) == 0)
		return IS_KEY;
	if (id && strcmp(typed, id) == 0)
		return IS_ID;
	if (strncmp(typed, key, len) == 0 || (id && strncmp(typed, id, len) == 0))
		return BEGINS;
	return NO_FIT;
}

static struct match choice_match(const struct model_choice *choice)
{
	struct match best = {.fit = NO_FIT};

	for (const struct toml_node *node = config_first_model(choice->config); node;
	     node = toml_next(node)) {
		enum fit fit = choice_fit(choice, node);
		if (fit == NO_FIT || fit < best.fit)
			continue;
		if (fit > best.fit)
			best = (struct match){.key = choice_key(choice, node), .fit = fit};
		best.count++;
	}
	return best;
}

/* Lists the models with the best fit, or all models if none fits. A list that is too long ends in "...". */
static void choice_list(
    const struct model_choice *choice, const struct match *match, char *ret_list, size_t size)
{
	static const char more[] = ", ...";
	size_t len = 0;

	*ret_list = '\0';
	for (const struct toml_node *node = config_first_model(choice->config); node;
	     node = toml_next(node)) {
		const char *key = choice_key(choice, node), *comma = len ? ", " : "";
		if (!key || (match->count && choice_fit(choice, node) != match->fit))
			continue;
		if (len + strlen(comma) + strlen(key) + sizeof(more) > size) {
			snprintf(ret_list + len, size - len, "%s", len ? more : more + strlen(", "));
			return;
		}
		len += (size_t)snprintf(ret_list + len, size - len, "%s%s", comma, key);
	}
}

static int choice_not_one(const struct model_choice *choice, const struct match *match, struct err *err)
{
	char list[220], hint[240];

	choice_list(choice, match, list, sizeof(list));
	snprintf(hint, sizeof(hint), "use one of %s", list);
	if (match->count)
		return err_set(err, ERR_USAGE, hint, "'%.80s' matches several models", choice->typed);
	return err_set(err, ERR_USAGE, hint, "there is no model '%.80s'", choice->typed);
}

/* The key of the chosen model; the caller frees it. NULL: *err. */
static char *choice_find(const struct model_choice *choice, struct err *err)
{
	if (!config_first_model(choice->config)) {
		err_set(err, ERR_USAGE, "run 'kimi login', or 'kimi models --sync'",
		    "config.toml has no models to choose from");
		return NULL;
	}
	const struct match match = choice_match(choice);
	if (match.count == 1)
		return memory_copy(match.key);
	choice_not_one(choice, &match, err);
	return NULL;
}

int model_choice_use(struct model_choice *choice, const struct report *report, struct err *err)
{
	const char *limit = "";
	char *key = choice_find(choice, err);
	int thinking = -1;
	bool on;

	toml_free(choice->config);
	choice->config = NULL;
	if (!key)
		return -1;
	if (choice->thinking)
		thinking = strcmp(choice->thinking, "on") == 0;
	int result = config_use_model(choice->home, key, thinking, &on, err);
	if (result == 0 && thinking == 1 && !on)
		limit = "; it cannot think, so thinking is off";
	else if (result == 0 && thinking == 0 && on)
		limit = "; it always thinks, so thinking is on";
	if (result == 0)
		report_tell(report, "success", json_pack("{s:s}", "default_model", key),
		    "the default model is now %s%s", key, limit);
	free(key);
	return result;
}
