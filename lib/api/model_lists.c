#include "api/model_lists.h"

#include "api/headers.h"
#include "auth/api_key.h"
#include "auth/refresh.h"
#include "base/buf.h"
#include "base/clock.h"
#include "config/view.h"
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

/* One platform while it is asked. */
struct asked {
	const struct asking *asking;
	struct catalog_entry *entry;
	struct headers headers;
	struct identity who;
	char *secret;     /* what is sent now */
	char *configured; /* the api_key behind the tokens; NULL: none, or it is what is sent */
	bool is_oauth;    /* the secret is an access token that could be refreshed */
	int answer;       /* of find_secret(): 1 there is no login */
};

struct asking {
	const struct home *home;
	const struct identity *only;
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

	if (store_open(&store, home, who, err) < 0)
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
		platform_not_logged_in(platform, err);
	return answer;
}

static void use_secret(struct asked *a, char **secret)
{
	wipe_str(a->secret);
	a->secret = *secret;
	*secret = NULL;
}

/* After a refusal: the next secret to try, if there is one. */
static bool next_secret(struct asked *a)
{
	struct err err;
	char *renewed = NULL;

	if (!a->entry->failed || a->entry->err.code != ERR_REJECTED)
		return false;
	if (a->is_oauth) {
		a->is_oauth = false;
		if (fresh_token(a->asking->home, &a->who, true, &renewed, &err) == 0) {
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

/* One platform from the secret to the list, in a thread of its own: a slow one holds up no other. */
static void *ask(void *context)
{
	struct asked *a = context;
	struct catalog_entry *entry = a->entry;

	a->answer = find_secret(a->asking, a, a->asking->only != NULL);
	entry->failed = a->answer != 0 || headers_build(&a->headers, &a->asking->device, a->asking->config,
	                                      entry->platform, &entry->err) < 0;
	if (entry->failed)
		return NULL;
	do /* at most a token, a renewed one and a key */
		entry->failed = models_fetch(entry->platform, (const char *const *)a->headers.lines,
		                    a->secret, &entry->models, &entry->err) < 0;
	while (next_secret(a));
	return NULL;
}

static void release(struct asked *a)
{
	headers_clear(&a->headers);
	wipe_str(a->secret);
	wipe_str(a->configured);
	*a = (struct asked){0};
}

/*
 * The first, which alone may spend a refresh token, runs in the caller's own
 * thread, and the others hear no signals: so what that one holds is held.
 */
static void ask_all(struct asked list[], size_t count)
{
	pthread_t threads[CATALOG_MAX];
	bool started[CATALOG_MAX] = {false};
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (size_t i = 1; i < count; i++)
		started[i] = pthread_create(&threads[i], NULL, ask, &list[i]) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (size_t i = 0; i < count; i++)
		if (!started[i])
			ask(&list[i]);
	for (size_t i = 1; i < count; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
}

void catalog_fetch(
    struct catalog *catalog, const struct home *home, const struct toml *config, const struct identity *only)
{
	struct asking asking = {.home = home, .config = config, .only = only};
	struct catalog_entry entries[CATALOG_MAX];
	size_t count = 0;

	*catalog = (struct catalog){0};
	device_describe(&asking.device, home);
	for (const struct platform *p = platforms; p->id && count < CATALOG_MAX; p++) {
		struct asked *a = &asking.list[count];
		if (only && p != only->platform)
			continue;
		a->asking = &asking;
		a->entry = &entries[count];
		entries[count] = (struct catalog_entry){.platform = p};
		if (only)
			a->who = *only;
		else
			identity_find(&a->who, p->id, "", NULL);
		count++;
	}
	ask_all(asking.list, count);
	/* Those without a login are left out, unless one was asked for by name. */
	for (size_t i = 0; i < count; i++) {
		if (asking.list[i].answer <= 0 || only)
			catalog->entries[catalog->count++] = entries[i];
		release(&asking.list[i]);
	}
	/* Nothing is stored: KIMI_API_KEY, if there is one, is taken for Kimi Code's. */
	if (!catalog->count) {
		struct identity first;
		identity_find(&first, NULL, "", NULL);
		catalog_fetch(catalog, home, config, &first);
	}
}

int catalog_fetch_with(const struct home *home, const struct toml *config, const struct platform *platform,
    const char *bearer, struct models *ret_models, struct err *err)
{
	struct headers headers;
	struct device device;

	device_describe(&device, home);
	if (headers_build(&headers, &device, config, platform, err) < 0)
		return -1;
	int failed = models_fetch(platform, (const char *const *)headers.lines, bearer, ret_models, err);
	headers_clear(&headers);
	return failed;
}

void catalog_clear(struct catalog *catalog)
{
	for (size_t i = 0; i < catalog->count; i++)
		models_clear(&catalog->entries[i].models);
	catalog->count = 0;
}
