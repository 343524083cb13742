/* kimi models: lists the models one can use, and keeps the config's list up to date. */
#include "cli/command.h"
#include "cli/table.h"
#include "format/json.h"
#include "kimi/catalog.h"
#include "kimi/config.h"
#include "kimi/config_file.h"
#include "kimi/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "thinking,image_in" */
static void join_capabilities(const struct model *model, char ret_text[80])
{
	size_t len = 0;

	*ret_text = '\0';
	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (model->capabilities & c->bit)
			len += (size_t)snprintf(ret_text + len, 80 - len, "%s%s", len ? "," : "", c->name);
}

static bool is_default(const struct platform *platform, const struct model *model, const char *default_model)
{
	char *key = config_model_key(platform, model->id);
	bool same = key && default_model && strcmp(key, default_model) == 0;

	free(key);
	return same;
}

static int print_table(
    const struct platform *platform, const struct models *models, const char *default_model, struct err *err)
{
	static const char *const heading[] = {"", "MODEL", "NAME", "CONTEXT", "CAPABILITIES"};
	struct table table;

	table_init(&table, heading, 5);
	for (size_t i = 0; i < models->count; i++) {
		const struct model *m = &models->items[i];
		char context[24], capabilities[80];
		snprintf(context, sizeof(context), "%lld", m->context_length);
		join_capabilities(m, capabilities);
		table_add(&table, (const char *const[]){is_default(platform, m, default_model) ? "*" : "",
		                      m->id, m->display_name ? m->display_name : "", context, capabilities});
	}
	bool ok = table_print(&table, isatty(STDOUT_FILENO));
	table_release(&table);
	return ok ? 0 : err_memory(err);
}

static json_t *model_json(const struct platform *platform, const struct model *m, const char *default_model)
{
	char *key = config_model_key(platform, m->id);
	json_t *capabilities = json_array();

	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (m->capabilities & c->bit)
			json_array_append_new(capabilities, json_string(c->name));
	json_t *object =
	    json_pack("{s:s, s:s, s:s, s:s?, s:I, s:o, s:b}", "key", key ? key : "", "platform", platform->id,
	        "id", m->id, "display_name", m->display_name, "context_length", (json_int_t)m->context_length,
	        "capabilities", capabilities, "default", is_default(platform, m, default_model));
	free(key);
	return object;
}

static int print_json(const struct platform *platform, const struct models *models, const char *default_model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < models->count; i++)
		json_array_append_new(list, model_json(platform, &models->items[i], default_model));
	report_json(json_pack("{s:o, s:[]}", "models", list, "errors"));
	return 0;
}

static int print(const struct command *c, const struct home *home, const struct platform *platform,
    const struct models *models, struct err *err)
{
	struct toml *config = NULL;
	struct err config_err;
	int failed;

	if (config_file_read(home, &config, &config_err) < 0)
		report_note(&c->report, "the default model is not known: %s", config_err.what);
	const char *default_model = config ? config_default_model(config) : NULL;
	if (c->report.json)
		failed = print_json(platform, models, default_model);
	else
		failed = print_table(platform, models, default_model, err);
	toml_free(config);
	return failed;
}

static int run(const struct command *c, const char *platform_id, bool sync, struct err *err)
{
	const struct platform *platform = platform_find(platform_id, err);
	struct models models = {0};
	bool changed = false;
	struct home home;

	if (!platform || home_find(&home, err) < 0)
		return -1;
	if (!platform->oauth_key)
		return err_set(err, ERR_LOGIN_REQUIRED, "use --platform kimi-code", "%s has no stored key",
		    platform->id);
	int failed = catalog_fetch(&home, platform, &models, err);
	if (!failed && sync)
		failed = config_sync_models(&home, platform, &models, &changed, err);
	if (!failed && sync)
		report_note(&c->report, changed ? "the models in config.toml were brought up to date"
		                                : "the models in config.toml are up to date");
	if (!failed)
		failed = print(c, &home, platform, &models, err);
	models_clear(&models);
	return failed;
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("models", "[OPTIONS]", "List the models with context length and capabilities.");
	const char *platform_id = NULL;
	struct err err = {0};
	bool sync = false;
	const struct option_row table[] = {
	    OPTION_FLAG("sync", &sync, "write the list to config.toml too"),
	    OPTION_TEXT("platform", &platform_id, "ID", "the platform (default kimi-code)"),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, platform_id, sync, &err);
	return command_end(&c, failed < 0, &err);
}
