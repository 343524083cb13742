#include "ui/models_view.h"

#include "base/buf.h"
#include "base/term.h"
#include "base/text.h"
#include "config/view.h"
#include "format/json.h"
#include "ui/layout.h"
#include "ui/pager.h"
#include "ui/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CAPABILITIES_MAX = 80, CONTEXT_MAX = 24 };

/* "thinking,image_in" */
static void capabilities_text(const struct model *model, char ret_text[CAPABILITIES_MAX])
{
	size_t len = 0;

	*ret_text = '\0';
	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (model->capabilities & c->bit)
			len += (size_t)snprintf(
			    ret_text + len, CAPABILITIES_MAX - len, "%s%s", len ? "," : "", c->name);
}

/* Rounded for a person: "256K". */
static void context_text(long long tokens, char ret_text[CONTEXT_MAX])
{
	if (tokens <= 0)
		snprintf(ret_text, CONTEXT_MAX, "-");
	else if (tokens >= 1000000 && (tokens % 1048576 == 0 || tokens % 1000000 == 0))
		snprintf(ret_text, CONTEXT_MAX, "%lldM", tokens / 1000000);
	else if (tokens >= 1000 && tokens % 1000 == 0)
		snprintf(ret_text, CONTEXT_MAX, "%lldK", tokens / 1000);
	else if (tokens >= 1024)
		snprintf(ret_text, CONTEXT_MAX, "%lldK", (tokens + 512) / 1024);
	else
		snprintf(ret_text, CONTEXT_MAX, "%lld", tokens);
}

/* A model with what the config says about it. */
struct models_row {
	const struct platform *platform;
	const struct model *model;
	const char *key;
	bool is_default;
};

typedef void row_function(const struct models_row *row, void *context);

static void for_each_row(
    const struct model_lists *lists, const char *default_model, row_function *show, void *context)
{
	for (size_t i = 0; i < lists->count; i++) {
		const struct model_list *entry = &lists->entries[i];
		for (size_t j = 0; j < entry->models.count; j++) {
			const struct model *model = &entry->models.items[j];
			char *key = config_model_key(entry->platform, model->id);
			bool is_default = default_model && strcmp(key, default_model) == 0;
			show(&(struct models_row){entry->platform, model, key, is_default}, context);
			free(key);
		}
	}
}

struct models_listing {
	struct table table;
	bool terminal;
	const char *default_id; /* the id of the default model if it is listed, else its key */
};

static void listing_add(const struct models_row *row, void *context)
{
	struct models_listing *listing = context;
	const struct model *model = row->model;
	char context_length[CONTEXT_MAX], capabilities[CAPABILITIES_MAX];

	if (row->is_default)
		listing->default_id = model->id;
	if (listing->terminal)
		context_text(model->context_length, context_length);
	else
		snprintf(context_length, sizeof(context_length), "%lld", model->context_length);
	capabilities_text(model, capabilities);
	table_add(&listing->table, (const char *const[]){row->is_default ? "*" : "", model->id,
	                               text_or_empty(model->display_name), context_length, capabilities});
}

static void print_default(FILE *out, const char *default_id)
{
	struct buf lines;
	char text[512] = "There is no default. To choose one: kimi models --use MODEL";

	if (default_id)
		snprintf(text, sizeof(text), "The default is %.300s. To change it: kimi models --use MODEL",
		    default_id);
	text_clean_inplace(text);
	buf_init(&lines, 4096);
	layout_wrap(&lines, 0, term_width(STDOUT_FILENO), text);
	fprintf(out, "\n%s\n", lines.data);
	buf_release(&lines);
}

static bool show_on_terminal(const struct models_listing *listing)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return false;
	table_print(&listing->table, out, true);
	if (!listing->default_id || *listing->default_id)
		print_default(out, listing->default_id);
	bool ok = fclose(out) == 0;
	if (ok)
		pager_show(text);
	free(text);
	return ok;
}

int models_show(const struct model_lists *lists, const char *default_model, struct err *err)
{
	static const char *const heading[] = {"", "MODEL", "NAME", "CONTEXT", "CAPABILITIES"};
	struct models_listing listing = {.terminal = isatty(STDOUT_FILENO), .default_id = default_model};
	bool ok = true;

	table_init(&listing.table, heading, 5);
	listing.table.may_break = 1U << 1;
	listing.table.may_cut = 1U << 2 | 1U << 4;
	listing.table.to_right = 1U << 3;
	for_each_row(lists, default_model, listing_add, &listing);
	if (listing.terminal)
		ok = show_on_terminal(&listing);
	else
		table_print(&listing.table, stdout, false);
	table_release(&listing.table);
	if (!ok)
		return err_memory(err);
	return 0;
}

/* Prints the value and frees it. One value for a long list would take several times its memory. */
static void models_print_json(const char *before, json_t *value)
{
	char *text = json_print(value);

	printf("%s%s", before, text ? text : "null");
	free(text);
	json_decref(value);
}

static void print_row_json(const struct models_row *row, void *context)
{
	const char **before = context;
	json_t *capabilities = json_array();

	for (const struct model_capability_name *c = model_capability_names; c->name; c++)
		if (row->model->capabilities & c->bit)
			json_array_append_new(capabilities, json_string(c->name));
	models_print_json(
	    *before, json_pack("{s:s, s:s, s:s, s:s?, s:I, s:o, s:b}", "key", row->key, "platform",
	                 row->platform->id, "id", row->model->id, "display_name", row->model->display_name,
	                 "context_length", (json_int_t)row->model->context_length, "capabilities",
	                 capabilities, "default", row->is_default));
	*before = ",";
}

void models_show_json(const struct model_lists *lists, const char *default_model)
{
	const char *before = "";
	json_t *errors = json_array();

	printf("{\"models\":[");
	for_each_row(lists, default_model, print_row_json, &before);
	for (size_t i = 0; i < lists->count; i++) {
		const struct model_list *entry = &lists->entries[i];
		if (entry->failed)
			json_array_append_new(errors, json_pack("{s:s, s:s}", "platform", entry->platform->id,
			                                  "message", entry->err.what));
	}
	models_print_json("],\"errors\":", errors);
	printf("}\n");
}
