#include "kimi/catalog.h"

#include "base/buf.h"
#include "base/clock.h"
#include "kimi/api_key.h"
#include "kimi/config_view.h"
#include "kimi/headers.h"
#include "kimi/refresh.h"
#include "kimi/store.h"

#include <string.h>

/* One platform while it is asked. */
struct asked {
	struct catalog_entry *entry;
	struct headers headers;
	struct identity who;
	char *secret;     /* what is sent now */
	char *configured; /* the api_key behind the tokens; NULL: none, or it is what is sent */
	bool is_oauth;    /* the secret is an access token that could be refreshed */
};

struct asking {
	const struct home *home;
	const struct toml *config;
	struct device device;
	struct asked list[CATALOG_MAX];
};

/* The access token; one that lives is used even if it could not be refreshed just now. */
static int fresh_token(
    const struct home *home, const struct identity *who, bool force, char **ret_secret, struct err *err)
{
	const struct refresh_wish wish = {.force = force, .min_valid = -1};
	struct token token = TOKEN_INIT;
	enum refresh_outcome outcome;
	struct store store;

	if (store_open(&store, home, who->key, err) < 0)
		return -1;
	int failed = refresh_login(home, &store, &wish, &token, &outcome, err);
	if (failed && !force && err->code != ERR_INTERRUPTED && store_load(&store, &token, NULL) == 0 &&
	    token_left(&token, clock_now()) > 0)
		failed = 0;
	if (!failed) {
		*ret_secret = token.access_token;
		token.access_token = NULL;
	}
	token_clear(&token);
	return failed;
}

/* Finds what to send to a platform. 1: it has no login. */
static int find_secret(const struct asking *asking, struct asked *a, bool last_resort)
{
	const struct platform *platform = a->entry->platform;
	/* Keys stand in for the plain login; an account is its tokens or nothing. */
	const char *configured = *a->who.account ? NULL : config_api_key(asking->config, platform);
	struct err *err = &a->entry->err;

	if (*a->who.key && fresh_token(asking->home, &a->who, false, &a->secret, err) == 0) {
		a->is_oauth = true;
		if (configured && !(a->configured = strdup(configured)))
			return err_memory(err);
		return 0;
	}
	bool none = !platform->oauth_key || err->code == ERR_LOGIN_REQUIRED;
	if (!none && err->code != ERR_REJECTED)
		return -1;
	if (configured) {
		a->secret = strdup(configured);
		return a->secret ? 0 : err_memory(err);
	}
	if (!none)
		return -1;
	int answer = last_resort && !*a->who.account ? api_key_of_environment(&a->secret, err) : 1;
	if (answer > 0)
		err_set(err, ERR_LOGIN_REQUIRED, "run 'kimi login'", "not logged in to %s", platform->name);
	return answer;
}

/* Asks all that are still to be asked, at once. */
static void ask(struct asked *const who[], size_t count)
{
	struct models_query queries[CATALOG_MAX];

	for (size_t i = 0; i < count; i++)
		queries[i] = (struct models_query){
		    .platform = who[i]->entry->platform,
		    .headers = (const char *const *)who[i]->headers.lines,
		    .bearer = who[i]->secret,
		};
	models_fetch_all(queries, count);
	for (size_t i = 0; i < count; i++) {
		struct catalog_entry *entry = who[i]->entry;
		entry->failed = queries[i].failed;
		entry->err = queries[i].err;
		entry->models = queries[i].models;
	}
}

static void use_secret(struct asked *a, char **secret)
{
	wipe_str(a->secret);
	a->secret = *secret;
	*secret = NULL;
}

/* After a refusal: the next secret to try, if there is one. */
static bool next_secret(const struct asking *asking, struct asked *a)
{
	struct err err;
	char *renewed = NULL;

	if (!a->entry->failed || a->entry->err.code != ERR_REJECTED)
		return false;
	if (a->is_oauth) {
		a->is_oauth = false;
		if (fresh_token(asking->home, &a->who, true, &renewed, &err) == 0) {
			use_secret(a, &renewed);
			return true;
		}
		a->entry->err = err;
	}
	if (!a->configured)
		return false;
	use_secret(a, &a->configured);
	return true;
}

/* Asks, and asks again with other secrets those that refused: at most a token, a renewed one and a key. */
static void ask_until_settled(struct asking *asking, size_t count)
{
	struct asked *who[CATALOG_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!asking->list[i].entry->failed)
			who[n++] = &asking->list[i];
	while (n) {
		size_t again = 0;
		ask(who, n);
		for (size_t i = 0; i < n; i++)
			if (next_secret(asking, who[i]))
				who[again++] = who[i];
		n = again;
	}
}

static void release(struct asked *a)
{
	headers_clear(&a->headers);
	wipe_str(a->secret);
	wipe_str(a->configured);
	*a = (struct asked){0};
}

void catalog_fetch(
    struct catalog *catalog, const struct home *home, const struct toml *config, const struct identity *only)
{
	struct asking asking = {.home = home, .config = config};

	*catalog = (struct catalog){0};
	device_describe(&asking.device, home);
	for (const struct platform *p = platforms; p->id && catalog->count < CATALOG_MAX; p++) {
		if (only && p != only->platform)
			continue;
		struct asked *a = &asking.list[catalog->count];
		a->entry = &catalog->entries[catalog->count];
		*a->entry = (struct catalog_entry){.platform = p};
		if (only)
			a->who = *only;
		else if (identity_find(&a->who, p->id, "", &a->entry->err) < 0)
			continue;
		int answer = find_secret(&asking, a, only != NULL);
		if (answer > 0 && !only)
			continue;
		a->entry->failed =
		    answer != 0 || headers_build(&a->headers, &asking.device, config, p, &a->entry->err) < 0;
		catalog->count++;
	}
	/* Nothing is stored: KIMI_API_KEY, if there is one, is taken for Kimi Code's. */
	if (!catalog->count) {
		struct identity first;
		identity_find(&first, NULL, "", NULL);
		catalog_fetch(catalog, home, config, &first);
		return;
	}
	ask_until_settled(&asking, catalog->count);
	for (size_t i = 0; i < CATALOG_MAX; i++)
		release(&asking.list[i]);
}

int catalog_fetch_with(const struct home *home, const struct toml *config, const struct platform *platform,
    const char *bearer, struct models *ret_models, struct err *err)
{
	struct models_query query = {.platform = platform, .bearer = bearer};
	struct headers headers;
	struct device device;

	device_describe(&device, home);
	if (headers_build(&headers, &device, config, platform, err) < 0)
		return -1;
	query.headers = (const char *const *)headers.lines;
	models_fetch_all(&query, 1);
	headers_clear(&headers);
	*ret_models = query.models;
	if (query.failed)
		*err = query.err;
	return query.failed ? -1 : 0;
}

void catalog_clear(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		models_clear(&catalog->entries[i].models);
	catalog->count = 0;
}
