/* kimi models: lists the models, keeps the list in config.toml up to date, and chooses the default. */
#include "api/model_lists.h"
#include "base/env.h"
#include "base/memory.h"
#include "base/term.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "cli/expiry_notice.h"
#include "cli/model_choice.h"
#include "cli/model_sync.h"
#include "cli/pager.h"
#include "config/file.h"
#include "config/view.h"
#include "format/json.h"
#include "ui/layout.h"
#include "ui/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct wish {
	struct login_options login;
	const char *use, *thinking;
	bool sync;
	bool list_keys; /* for completion */
};

/* "thinking,image_in" */
static void join_capabilities(const struct model *model, char ret_text[80])
{
	size_t len = 0;

	*ret_text = '\0';
	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (model->capabilities & c->bit)
			len += (size_t)snprintf(ret_text + len, 80 - len, "%s%s", len ? "," : "", c->name);
}

/* "256K" for a person, who has no use for the last digit; the number for a program. */
static void name_context(long long tokens, bool person, char ret_text[24])
{
	if (person && tokens <= 0)
		snprintf(ret_text, 24, "-");
	else if (person && tokens >= 1000000 && (tokens % 1048576 == 0 || tokens % 1000000 == 0))
		snprintf(ret_text, 24, "%lldM", tokens / 1000000);
	else if (person && tokens >= 1000 && tokens % 1000 == 0)
		snprintf(ret_text, 24, "%lldK", tokens / 1000);
	else if (person && tokens >= 1024)
		snprintf(ret_text, 24, "%lldK", (tokens + 512) / 1024);
	else
		snprintf(ret_text, 24, "%lld", tokens);
}

static void add_row(struct table *table, const struct model *m, bool is_default, bool person)
{
	char context[24], capabilities[80];

	name_context(m->context_length, person, context);
	join_capabilities(m, capabilities);
	table_add(table, (const char *const[]){is_default ? "*" : "", m->id,
	                     m->display_name ? m->display_name : "", context, capabilities});
}

static json_t *model_json(
    const struct platform *platform, const struct model *m, const char *key, bool is_default)
{
	json_t *capabilities = json_array();

	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (m->capabilities & c->bit)
			json_array_append_new(capabilities, json_string(c->name));
	return json_pack("{s:s, s:s, s:s, s:s?, s:I, s:o, s:b}", "key", key, "platform", platform->id, "id",
	    m->id, "display_name", m->display_name, "context_length", (json_int_t)m->context_length,
	    "capabilities", capabilities, "default", is_default);
}

/* Piece by piece: as one value a long list would take several times its own memory. */
static void put_json(const char *before, json_t *value)
{
	char *text = json_print(value);

	printf("%s%s", before, text ? text : "null");
	free(text);
	json_decref(value);
}

/* The id of the default model, as far as it is in a list; else its key. */
static void add_default(FILE *out, const char *default_model)
{
	struct buf lines;
	char text[512];

	if (default_model)
		snprintf(text, sizeof(text), "The default is %.300s. To change it: kimi models --use MODEL",
		    default_model);
	else
		snprintf(text, sizeof(text), "There is no default. To choose one: kimi models --use MODEL");
	text_clean_inplace(text);
	buf_init(&lines, 4096);
	layout_wrap(&lines, 0, term_width(STDOUT_FILENO), text);
	fprintf(out, "\n%s\n", lines.data);
	buf_release(&lines);
}

/* A table for a terminal, with what a person may want to do next. */
static bool show_person(const struct table *table, const char *default_model)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool ok = out && table_print(table, out, true);

	if (ok)
		add_default(out, default_model);
	ok = out && fclose(out) == 0 && ok;
	if (ok)
		pager_show(text);
	free(text);
	return ok;
}

/* Shows every list that came, as a table or as the members of a JSON array. */
static int models_show(const struct catalog *catalog, const char *default_model, bool json, struct err *err)
{
	static const char *const heading[] = {"", "MODEL", "NAME", "CONTEXT", "CAPABILITIES"};
	bool person = !json && isatty(STDOUT_FILENO), ok = true;
	const char *before = "", *default_name = default_model;
	struct table table;

	table_init(&table, heading, 5);
	table.may_cut = 1U << 2 | 1U << 4;
	table.to_right = 1U << 3;
	for (size_t i = 0; i < catalog->count; i++) {
		const struct catalog_entry *entry = &catalog->entries[i];
		for (size_t j = 0; j < entry->models.count; j++) {
			const struct model *model = &entry->models.items[j];
			char *key = config_model_key(entry->platform, model->id);
			bool is_default = key && default_model && strcmp(key, default_model) == 0;
			ok = ok && key;
			if (is_default)
				default_name = model->id;
			if (key && json) {
				put_json(before, model_json(entry->platform, model, key, is_default));
				before = ",";
			} else if (key) {
				add_row(&table, model, is_default, person);
			}
			free(key);
		}
	}
	if (person)
		ok = show_person(&table, default_name) && ok;
	else if (!json)
		ok = table_print(&table, stdout, false) && ok;
	table_release(&table);
	return ok ? 0 : err_memory(err);
}

static int models_print(
    const struct command *c, const struct catalog *catalog, const char *default_model, struct err *err)
{
	json_t *errors = json_array();

	if (c->report.json)
		printf("{\"models\":[");
	int failed = models_show(catalog, default_model, c->report.json, err);
	for (size_t i = 0; i < catalog->count; i++) {
		const struct catalog_entry *entry = &catalog->entries[i];
		if (entry->failed)
			json_array_append_new(errors, json_pack("{s:s, s:s}", "platform", entry->platform->id,
			                                  "message", entry->err.what));
	}
	if (c->report.json) {
		put_json("],\"errors\":", errors);
		printf("}\n");
	} else {
		json_decref(errors);
	}
	return failed;
}

static int models_list(struct command *c, const struct wish *wish, const struct context *context,
    struct toml **config, struct err *err)
{
	bool all = !wish->login.platform && !wish->login.account && !env_get("KIMI_ACCOUNT");
	const struct home *home = &context->home;
	const struct identity who = context->who;
	struct catalog catalog;

	if (!all && wish->sync && *who.account)
		return err_set(
		    err, ERR_USAGE, "leave out --account", "only the default account is in config.toml");
	catalog_fetch(&catalog, home, *config, all ? NULL : &who);
	const char *found = config_default_model(*config);
	char *default_model = found ? memory_copy(found) : NULL;
	toml_free(*config); /* it may be large, and --sync reads it again */
	*config = NULL;
	reminder_speak(&c->report, home, &who);
	bool all_failed = true;
	for (size_t i = 0; i < catalog.count; i++)
		all_failed = all_failed && catalog.entries[i].failed;
	int failed = wish->sync && !all_failed ? model_sync_write(&c->report, home, &catalog, err) : 0;
	if (!failed && (!all_failed || catalog.count > 1)) {
		failed = models_print(c, &catalog, default_model, err);
		/* The one object has been printed, and has the errors: from here on they are for people. */
		c->report.json = c->report.json && failed;
	}
	if (!failed)
		failed = model_sync_outcome(&c->report, &catalog, err);
	if (failed)
		identity_advise(&who, err->todo, sizeof(err->todo));
	catalog_clear(&catalog);
	free(default_model);
	return failed;
}

/* With --sync the lists come first. One that does not come keeps nobody from choosing, and is the outcome. */
static int models_use(const struct command *c, const struct wish *wish, const struct context *context,
    struct toml **config, struct err *err)
{
	const struct home *home = &context->home;
	struct identity who;
	struct err use_err;

	if (identity_find(&who, home, wish->login.platform, "", err) < 0)
		return -1;
	const struct identity *only = wish->login.platform ? &who : NULL;
	int failed = wish->sync ? model_sync_all(&c->report, home, only, err) : 0;
	if (wish->sync) {
		toml_free(*config);
		*config = NULL;
		if (config_file_read(home, config, failed ? NULL : err) < 0)
			return -1;
	}
	int not_used = model_choice_use(
	    &c->report, home, *config, only ? who.platform : NULL, wish->use, wish->thinking, &use_err);
	if (not_used && failed)
		report_line(&c->report, "%s", use_err.what);
	else if (not_used)
		*err = use_err;
	return failed || not_used ? -1 : 0;
}

/* A server chooses these names, and completion puts them on command lines: nothing that a shell could run. */
static void print_keys(const struct toml *config)
{
	for (const struct toml_node *node = config_first_model(config); node; node = toml_next(node)) {
		const char *key = config_node_key(node);
		if (key && text_is_shell_safe(key))
			printf("%s\n", key);
	}
}

static int run(struct command *c, const struct wish *wish, struct err *err)
{
	struct toml *config = NULL;
	struct err config_err;
	struct context context;

	if (wish->thinking && !wish->use)
		return err_set(err, ERR_USAGE, OPTIONS_SEE_HELP, "--thinking needs --use");
	if (wish->use && wish->login.account && *wish->login.account)
		return err_set(
		    err, ERR_USAGE, "leave out --account", "only the default account is in config.toml");
	if (context_open(&context, &wish->login, err) < 0 ||
	    ((wish->sync || wish->use) && home_check_writable(&context.home, err) < 0))
		return -1;
	if (config_file_read(&context.home, &config, &config_err) < 0) {
		if (wish->sync || wish->use) {
			*err = config_err;
			return -1;
		}
		report_note(&c->report, "%s", config_err.what);
	}
	if (wish->list_keys) {
		print_keys(config);
		toml_free(config);
		return 0;
	}
	int failed = wish->use ? models_use(c, wish, &context, &config, err)
	                       : models_list(c, wish, &context, &config, err);
	toml_free(config);
	return failed;
}

int main(int argc, char **argv)
{
	struct command c = COMMAND_INIT("models", "[OPTIONS]", "List your models and choose the default.");
	struct wish wish = {0};
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("sync", &wish.sync, "also write the lists to config.toml"),
	    OPTION_TEXT("use", &wish.use, "MODEL", "make it the default: an id or its beginning"),
	    OPTION_CHOICE("thinking", &wish.thinking, "on|off", "with --use: turn thinking on or off"),
	    OPTION_TEXT("platform", &wish.login.platform, "ID", "the platform (default: all with a login)"),
	    COMMAND_ACCOUNT_ROW(&wish.login.account),
	    COMMAND_CLIENT_ROW(&wish.login.client),
	    {.kind = OPTION_KIND_FLAG, .hidden = true, .name = "list-keys", .value = &wish.list_keys},
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &wish, &err);
	config_notes_tell(&c.report);
	return command_end(&c, failed < 0, &err);
}
