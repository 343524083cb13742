/*
 * The TOML editor under libFuzzer. The first bytes of the input choose edits, the
 * rest is the document. For any document:
 *  - parsing it is safe; without an edit every byte is kept;
 *  - an edit that is accepted can be rendered, and changes only what it names;
 *  - inserting and removing something restores the bytes;
 *  - login, sync, choosing a model and logout change nothing of the user's, and logout restores
 *    every byte from before login, in the dialect of each client.
 */
#include "config/edit.h"
#include "config/file.h"
#include "config/login.h"
#include "config/view.h"
#include "format/toml_internal.h"

#include "../unit/test_toml_json.h"

#include <stdio.h>
#include <stdlib.h>

#define DICE 8 /* bytes that choose edits */

struct dice {
	const uint8_t *at, *end;
};

static unsigned roll(struct dice *d, unsigned sides)
{
	return d->at < d->end ? *d->at++ % sides : 0;
}

/* Names the assertion that failed, since an optimized stack trace does not. */
static void need_at(bool cond, int line)
{
	if (cond)
		return;
	fprintf(stderr, "%s, line %d: it does not hold\n", __FILE__, line);
	abort();
}
#define need(cond) need_at(cond, __LINE__)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path in the document that ends at a table or at some member. */
static const struct toml_node *choose(
    const struct toml *doc, struct dice *d, const char *path[], size_t *depth)
{
	const struct toml_node *node = toml_root(doc);
	unsigned steps = roll(d, 5);

	for (*depth = 0; *depth < steps && toml_kind(node) == TOML_TABLE && toml_first(node); ++*depth) {
		const struct toml_node *child = toml_first(node);
		for (unsigned skip = roll(d, 4); skip && toml_next(child); skip--)
			child = toml_next(child);
		size_t len;
		path[*depth] = toml_key(child, &len);
		if (strlen(path[*depth]) != len)
			break;
		node = child;
	}
	path[*depth] = NULL;
	return node;
}

static json_t *some_value(struct dice *d)
{
	static const char *const values[] = {"1", "true", "\"a\\\"\\u0001\xC3\xA9\"", "1.5", "[]",
	    "[1, \"x\", {}]", "{}", "{\"a\": 1, \"b\": {\"c d\": []}}"};

	return json_loads(values[roll(d, sizeof(values) / sizeof(*values))], JSON_DECODE_ANY, NULL);
}

static void render(struct toml *doc, struct buf *out)
{
	struct toml_error error;

	buf_init(out, SIZE_MAX / 4);
	need(toml_render(doc, out, &error) == 0);
}

static struct toml *parse(const char *text, size_t len)
{
	struct toml_error error;
	struct toml *doc = toml_parse(text, len, &error);

	need(doc != NULL);
	return doc;
}

static void try_unedited(struct toml *doc, const char *text, size_t len)
{
	struct buf out;

	render(doc, &out);
	need(!toml_edited(doc) && out.len == len && !memcmp(out.data, text, len));
	buf_release(&out);
}

/* Sets or removes what is at a path of `source`, or something below it. */
static int edit(struct toml *doc, const struct toml *source, struct dice *d, const char *path[])
{
	struct toml_error error;
	size_t depth;
	json_t *value = some_value(d);
	unsigned what = roll(d, 4);

	choose(source, d, path, &depth);
	for (unsigned more = roll(d, 3); more; more--)
		path[depth++] = more > 1 ? "new" : "a";
	path[depth] = NULL;
	int result = what ? toml_set(doc, path, value, &error) : toml_remove(doc, path, &error);
	json_decref(value);
	return result;
}

static void try_one_edit(const char *text, size_t len, struct dice d)
{
	const char *path[16];
	struct buf out;
	struct toml *before = parse(text, len), *doc = parse(text, len);

	if (edit(doc, before, &d, path) == 0) {
		render(doc, &out);
		struct toml *after = parse(out.data, out.len);
		need(same_but(before, after, path));
		toml_free(after);
		buf_release(&out);
	}
	toml_free(doc);
	toml_free(before);
}

static void try_edits(const char *text, size_t len, struct dice d)
{
	const char *path[16];
	struct buf out;
	struct toml *doc = parse(text, len);

	for (unsigned i = 0; i < 4; i++)
		edit(doc, doc, &d, path);
	render(doc, &out);
	toml_free(doc);
	buf_release(&out);
}

/* Inserts below a table, and removes it from the result again. */
static void try_insertion(const char *text, size_t len, struct dice d)
{
	struct toml_error error;
	const char *path[16];
	size_t depth;
	struct buf with, without;
	struct toml *before = parse(text, len), *doc = parse(text, len);
	bool as_table = roll(&d, 2), at_root = roll(&d, 2);
	bool has_default = toml_member(toml_root(before), "kimi_default");
	json_t *value = some_value(&d);
	const struct toml_node *table = choose(before, &d, path, &depth);

	path[depth] = "kimi/k2";
	path[depth + 1] = as_table ? "x" : NULL;
	path[depth + 2] = NULL;
	/* A key in a table without a header adds the header, which stays. */
	bool fits = table->kind == TOML_TABLE && (as_table || table->form != FORM_IMPLICIT);
	if (fits && !toml_member(table, path[depth]) && toml_set(doc, path, value, &error) == 0) {
		if (at_root)
			toml_set(doc, (const char *[]){"kimi_default", NULL}, value, &error);
		render(doc, &with);
		struct toml *after = parse(with.data, with.len);
		path[depth + 1] = NULL;
		need(toml_remove(after, path, &error) == 0);
		if (at_root && !has_default)
			need(toml_remove(after, (const char *[]){"kimi_default", NULL}, &error) == 0);
		render(after, &without);
		if (!at_root || !has_default)
			need(without.len == len && !memcmp(without.data, text, len));
		toml_free(after);
		buf_release(&with);
		buf_release(&without);
	}
	json_decref(value);
	toml_free(doc);
	toml_free(before);
}

/* ---- what the commands do ---- */

static const struct home *home; /* the dialect under test */

static char *efforts[] = {"low", "h\xC3\xB6her", NULL};
static struct model model_k3 = {
    "k3", NULL, 262144, MODEL_THINKING | MODEL_TOOL_USE, efforts, "low", "anthropic"};
static struct model models[] = {{.id = "k2\xC3\xA9 \"turbo\"", .display_name = "K\\2"},
    {"k4", "Kimi 4", 5, MODEL_IMAGE_IN | MODEL_VIDEO_IN | MODEL_DYNAMIC_TOOLS, NULL, NULL, NULL}};
static const struct models first_list = {&model_k3, 1}, second_list = {models, 2}, empty_list = {NULL, 0};

/* The document after an edit; NULL: it was refused. *ret_edited (may be NULL): it changed something. */
static struct toml *after(struct toml *doc, config_edit *change, void *context, bool *ret_edited)
{
	struct err err;
	struct buf out;
	struct toml *copy = parse(doc->text, doc->len), *result = NULL;

	if (change(home, copy, context, &err) == 0) {
		bool edited = toml_edited(copy);
		render(copy, &out);
		need(edited == (out.len != doc->len || memcmp(out.data, doc->text, out.len) != 0));
		if (ret_edited)
			*ret_edited = edited;
		result = parse(out.data, out.len);
		buf_release(&out);
	} else {
		need(*err.what);
	}
	toml_free(copy);
	return result;
}

static void cut_if_empty(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (json_is_object(value) && !json_object_size(value))
		json_object_del(object, key);
}

static bool is_text(const json_t *table, const char *key, const char *text);

/* A model that stays under the user's own key. */
static bool is_alias(const char *key)
{
	return config_dialect(home)->keeps_aliases && strncmp(key, "kimi-code/", strlen("kimi-code/")) != 0;
}

static bool is_ours(const json_t *service)
{
	const json_t *oauth = json_object_get(service, "oauth");
	const char *key = json_string_value(json_object_get(oauth, "key"));

	return is_text(oauth, "key", "oauth/kimi-code") ||
	       (home->client->has_slots && json_is_string(json_object_get(oauth, "key")) &&
	           strncmp(key, "oauth/kimi-code-env-", strlen("oauth/kimi-code-env-")) == 0);
}

static bool is_text(const json_t *table, const char *key, const char *text)
{
	json_t *value = json_object_get(table, key);

	/* tree_json() wraps dates in an array to tell them from strings */
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* What the document contains besides the login. */
static json_t *the_users(const struct toml *doc)
{
	json_t *json = tree_json(toml_root(doc)), *models_json = json_object_get(json, "models"), *table;
	json_t *services = json_object_get(json, "services");
	const char *key;
	size_t len;
	void *next;

	json_object_keylen_foreach_safe(models_json, next, key, len, table)
	{
		if (is_text(table, "provider", "managed:kimi-code") && !is_alias(key))
			json_object_deln(models_json, key, len);
	}
	for (const char *const(*service)[2] = platforms->services; (*service)[0]; service++) {
		table = json_object_get(services, (*service)[0]);
		if (is_ours(table))
			json_object_del(services, (*service)[0]);
	}
	json_object_del(json_object_get(json, "providers"), "managed:kimi-code");
	json_object_del(json, "default_model");
	json_object_del(json, "default_thinking");
	if (config_dialect(home)->thinking[1]) {
		json_object_del(json_object_get(json, "thinking"), "enabled");
		cut_if_empty(json, "thinking");
	}
	cut_if_empty(json, "models");
	cut_if_empty(json, "providers");
	cut_if_empty(json, "services");
	return json;
}

/* All bytes of `text` are in the result, in order. */
static bool keeps_bytes(const struct toml *doc, const struct toml *result)
{
	size_t at = 0;

	for (size_t i = 0; i < result->len && at < doc->len; i++)
		at += result->text[i] == doc->text[at];
	return at == doc->len;
}

/* There is nothing of a login, and no default that it would replace. */
static bool is_clean(const struct toml *doc)
{
	struct toml *copy = parse(doc->text, doc->len);
	bool edited, clean = !toml_get(doc, PATH("default_model")) &&
	                     !toml_get(doc, PATH("default_thinking")) &&
	                     (!config_dialect(home)->thinking[1] || !toml_get(doc, PATH("thinking")));
	struct toml *result = after(copy, config_edit_logout, (void *)platforms, &edited);

	clean = clean && result && !edited;
	toml_free(result);
	toml_free(copy);
	return clean;
}

/* What belongs to the user is the same in both. */
static void need_the_users(const struct toml *doc, const struct toml *result)
{
	json_t *left = the_users(doc), *right = the_users(result);

	need(same_json(left, right));
	json_decref(left);
	json_decref(right);
}

/* A default that is not the kind of value it should be is noticed only by the edit that sets it. */
static bool has_odd_default(const struct toml *doc)
{
	const char *const *path = config_dialect(home)->thinking;
	const struct toml_node *model = toml_get(doc, PATH("default_model"));
	const struct toml_node *thinking = toml_get(doc, PATH(path[0])), *enabled = toml_get(doc, path);
	enum toml_kind kind = path[1] ? TOML_TABLE : TOML_BOOLEAN;

	return (model && !toml_is(model, TOML_STRING)) || (thinking && !toml_is(thinking, kind)) ||
	       (enabled && !toml_is(enabled, TOML_BOOLEAN));
}

static void try_commands(const char *text, size_t len, struct dice d)
{
	struct toml *doc = parse(text, len), *now = NULL;
	bool clean = is_clean(doc), restores = clean, may_refuse = has_odd_default(doc), edited;
	struct account who = {.platform = platforms,
	    .key = "oauth/kimi-code",
	    .oauth_host = "https://auth.example",
	    .base_url = "https://api.kimi.com/coding/v1"};
	if (home->client->has_slots)
		strcat(who.key, "-env-0123456789abcdef");
	struct config_login login = {.who = &who, .storage = "file", .models = &first_list};
	struct config_sync sync = {platforms, roll(&d, 3) ? &second_list : &empty_list};
	struct config_use use = {"kimi-code/k4", (int)roll(&d, 3) - 1, NULL};
	const struct {
		config_edit *change;
		void *context;
		bool needed; /* it cannot be refused */
	} steps[] = {
	    {config_edit_login, &login, false},
	    {config_edit_sync, &sync, true},
	    {config_edit_use, &use, false},
	    {config_edit_login, &login, true},
	    {config_edit_logout, (void *)platforms, true},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct toml *before = now ? now : doc;
		struct toml *result = after(before, steps[i].change, steps[i].context, NULL);
		need(result || !steps[i].needed || !now || may_refuse);
		if (!result)
			continue;
		if (now)
			toml_free(now);
		now = result;
		need_the_users(doc, now);
		if (clean)
			need(keeps_bytes(doc, now));
		/* If no model of ours is left, the default becomes one of the user's, and stays that. */
		const char *chosen = config_default_model(now);
		if (chosen && (config_default_platform(home, now) != platforms || is_alias(chosen)))
			restores = false;
		/* Doing it again changes nothing. */
		result = after(now, steps[i].change, steps[i].context, &edited);
		need(result && !edited);
		toml_free(result);
	}
	/* A switch that differs from what the last default model can do may be the user's choice. */
	if (config_dialect(home)->keeps_thinking && now && toml_get(now, PATH("thinking")))
		restores = false;
	if (restores && now)
		need(now->len == len && !memcmp(now->text, text, len));
	toml_free(now);
	toml_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct toml_error error = {.message = ""};

	if (size < DICE)
		return 0;
	struct dice d = {data, data + DICE};
	const char *text = (const char *)data + DICE;
	size_t len = size - DICE;
	struct toml *doc = toml_parse(text, len, &error);
	if (!doc) {
		need(error.line && error.column && error.message[0]);
		for (const char *c = error.message; *c; c++)
			need(*c >= ' ' && *c <= '~');
		return 0;
	}
	try_unedited(doc, text, len);
	toml_free(doc);
	try_one_edit(text, len, d);
	try_edits(text, len, d);
	try_insertion(text, len, d);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct home of_client = {.client = clients[i]};
		home = &of_client;
		try_commands(text, len, d);
	}
	return 0;
}
