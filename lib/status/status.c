#include "status/status.h"

#include "auth/secret.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "http/url.h"
#include "store/store.h"
#include "store/token.h"
#include "store/token_cache.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {
    [STATUS_FRESH] = "fresh",
    [STATUS_DUE] = "due",
    [STATUS_EXPIRED] = "expired",
    [STATUS_REJECTED] = "rejected",
    [STATUS_LOGGED_OUT] = "logged_out",
};

const char *status_state_name(enum status_state state)
{
	return state_names[state];
}

/* As `kimi token` does: the file, else the keyring's token at hand while it is good enough, else the keyring. */
static int status_load(struct store *store, struct token *token, bool *ret_at_hand, struct err *err)
{
	int answer = store_load_file(store, token, err);
	char item[STORE_ITEM_MAX];

	*ret_at_hand = false;
	if (answer <= 0)
		return answer;
	store_item(store, item);
	if (cache_load(item, store->host, token)) {
		*ret_at_hand = token_left(token, clock_now()) >= token_wanted_left(token, -1);
		if (*ret_at_hand)
			return 0;
		token_clear(token);
	}
	return store_load(store, token, err);
}

static enum status_state state_of(const struct token *token, bool rejected, double now)
{
	if (token_is_tombstone(token) || rejected)
		return STATUS_REJECTED;
	if (token_left(token, now) <= 0)
		return STATUS_EXPIRED;
	return token_is_due(token, now) ? STATUS_DUE : STATUS_FRESH;
}

static void status_fill(
    struct status *status, const struct store *store, const struct token *token, bool at_hand)
{
	double now = clock_now();
	char hint[FILE_HINT_MAX];

	state_load(store->state, token->expires_at, &status->known);
	bool rejected = state_is_rejected(&status->known, store->host, now);
	bool elsewhere = *status->known.oauth_host && !url_is_same(status->known.oauth_host, store->host);
	status->storage = at_hand ? "keyring" : store_kind_name(store->found);
	if (store->found == STORE_FILE)
		snprintf(status->place, sizeof(status->place), "%.*s", (int)sizeof(status->place) - 1,
		    store->file);
	status->expires_at = *token->access_token && isfinite(token->expires_at) ? token->expires_at : 0;
	status->life = token->expires_in;
	status->can_refresh = (at_hand || *token->refresh_token) && !rejected && !elsewhere;
	status->will_end = rejected || !(at_hand || *token->refresh_token);
	status->state = state_of(token, rejected, now);
	if (token_is_tombstone(token))
		problem_add(&status->problems, "rejected", "run 'kimi login'", "%s ended this login",
		    store->home->client->program);
	else if (!at_hand && !*token->refresh_token)
		problem_add(&status->problems, "no_refresh_token", "run 'kimi login' before it ends",
		    "the login cannot be refreshed: it has no refresh token");
	if (elsewhere)
		problem_add(&status->problems, "wrong_host",
		    "unset KIMI_CODE_OAUTH_HOST and KIMI_OAUTH_HOST, or run 'kimi login --force'",
		    "the login was issued by %.200s and is not sent to %.200s", status->known.oauth_host,
		    store->host);
	if (store->rights == LOGIN_OPEN)
		problem_add(&status->problems, "rights",
		    file_place_hint(hint, store->file, "use a ", " on a file system that keeps permissions",
		        "use a file system that keeps permissions"),
		    "%.400s can be read by others: its file system does not keep permissions", store->file);
	else if (store->rights == LOGIN_TIGHTENED)
		problem_add(&status->problems, "rights",
		    "run 'kimi login --force' if another user may have read it",
		    "%.400s could be read by others; it is now private", store->file);
}

/* A login that is there and cannot be read: what it is in the way of is told, not guessed. */
static void fill_unreadable(struct status *status, const struct store *store, const struct err *why)
{
	bool locked = why->code == ERR_BUSY;

	status->trouble = *why;
	status->state = locked ? STATUS_EXPIRED : STATUS_LOGGED_OUT;
	status->storage = locked || store->found == STORE_KEYRING ? "keyring" : "file";
	status->can_refresh = locked;
	if (strcmp(status->storage, "file") == 0)
		snprintf(status->place, sizeof(status->place), "%.*s", (int)sizeof(status->place) - 1,
		    store->file);
	problem_add_err(&status->problems, locked ? "keyring" : NULL, why);
}

int status_look(struct status *ret_status, const struct home *home, const struct identity *who, bool thorough,
    struct err *err)
{
	struct token token = TOKEN_INIT;
	struct err why = {0};
	struct store store;
	bool at_hand = false;

	*ret_status = (struct status){.home = home, .who = *who, .state = STATUS_LOGGED_OUT};
	if (!*who->key)
		return 0;
	if (store_open(&store, home, who, err) < 0)
		return -1;
	int answer =
	    thorough ? store_load(&store, &token, &why) : status_load(&store, &token, &at_hand, &why);
	if (answer == 0)
		status_fill(ret_status, &store, &token, at_hand);
	else if (answer < 0)
		fill_unreadable(ret_status, &store, &why);
	token_clear(&token);
	return 0;
}

static void found_key(struct status *status, const struct platform *platform, const char *storage)
{
	const struct home *home = status->home;

	*status = (struct status){
	    .home = home, .who = {.platform = platform}, .state = STATUS_FRESH, .storage = storage};
	identity_locate(&status->who, home, NULL);
}

/* The tokens were looked at already: what is wanted is what stands in for them. */
static int no_token(const struct secret_source *source, bool renew, char **ret_token, struct err *err)
{
	const struct status *status = source->context;
	bool nothing = status->state == STATUS_LOGGED_OUT && !status->storage;

	(void)renew, (void)ret_token;
	if (status->trouble.code != ERR_NONE) {
		*err = status->trouble;
		return -1;
	}
	return err_set(err, nothing ? ERR_LOGIN_REQUIRED : ERR_REJECTED, NULL, "no usable tokens");
}

/* The key that commands use in the place of tokens, if there is one. */
static void look_for_key(struct status *status, const struct home *home, bool platform_is_named)
{
	const struct secret_source source = {
	    .home = home,
	    .who = &status->who,
	    .only_this_platform = platform_is_named,
	    .get_token = no_token,
	    .context = status,
	};
	struct secret secret;

	if (secret_find(&source, &secret, NULL) < 0)
		return;
	found_key(status, secret.platform, secret.kind == SECRET_ENVIRONMENT_KEY ? "environment" : "config");
	secret_clear(&secret);
}

static const struct status *status_find(
    const struct status_list *list, const struct home *home, const struct identity *who)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct identity *listed = &list->items[i].who;
		if (list->items[i].home == home && listed->platform == who->platform &&
		    strcmp(listed->account, who->account) == 0 && strcmp(listed->key, who->key) == 0)
			return &list->items[i];
	}
	return NULL;
}

int status_select(struct status *ret_status, const struct home *home, const struct identity *who,
    const struct status_list *known, bool platform_is_named, struct err *err)
{
	const struct status *listed = status_find(known, home, who);
	if (listed)
		*ret_status = *listed;
	else if (status_look(ret_status, home, who, false, err) < 0)
		return -1;
	if (!*who->account && status_judge(ret_status, 0) == STATUS_NEEDS_LOGIN)
		look_for_key(ret_status, home, platform_is_named);
	return 0;
}

enum status_verdict status_judge(const struct status *status, double min_valid)
{
	char its[] = "its";
	const struct token token = {
	    .access_token = its, .expires_at = status->expires_at, .expires_in = status->life};
	double left = token_left(&token, clock_now());
	double wanted = min_valid >= 0 ? min_valid : token_wanted_left(&token, -1);

	/* An API key does not end. */
	if (status->state == STATUS_FRESH && status->expires_at == 0)
		return STATUS_GOOD;
	if (left > 0 && left >= wanted)
		return STATUS_GOOD;
	return status->can_refresh ? STATUS_NEEDS_REFRESH : STATUS_NEEDS_LOGIN;
}
