#include "status/status.h"

#include "auth/secret.h"
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

/* Reads like `kimi token`: the file, else the valid cached token of the keyring, else the keyring. */
static int status_load(struct store *store, struct token *token, bool *ret_available, struct err *err)
{
	int result = store_load_file(store, token, err);
	char item[STORE_ITEM_MAX];

	*ret_available = false;
	if (result <= 0)
		return result;
	store_item(store, item);
	if (token_cache_load(item, store->who.oauth_host, token)) {
		*ret_available = token_left(token, clock_now()) >= token_wanted_left(token, -1);
		if (*ret_available)
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
	if (token_is_due(token, now))
		return STATUS_DUE;
	return STATUS_FRESH;
}

/* The login was issued by another host than the one in force. */
static bool status_is_elsewhere(const struct status *status, const struct store *store)
{
	return *status->known.oauth_host && !url_is_same(status->known.oauth_host, store->who.oauth_host);
}

/* What the token file and its metadata say is wrong. */
static void status_add_problems(
    struct status *status, const struct store *store, bool is_tombstone, bool has_refresh_token)
{
	char remedy[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX], hint[FILE_HINT_MAX];
	const char *issuer = status->known.oauth_host;

	account_option(&status->account, option);
	if (is_tombstone) {
		problem_add(&status->problems, "rejected", account_login_hint(&status->account, remedy),
		    "%s ended this login", store->who.home->client->program);
	} else if (!has_refresh_token) {
		snprintf(remedy, sizeof(remedy), "run 'kimi login%s' before it expires", option);
		problem_add(&status->problems, "no_refresh_token", remedy,
		    "the login cannot be refreshed: it has no refresh token");
	}
	if (status_is_elsewhere(status, store)) {
		snprintf(remedy, sizeof(remedy),
		    "unset KIMI_CODE_OAUTH_HOST and KIMI_OAUTH_HOST, or run 'kimi login%s --force'", option);
		problem_add(&status->problems, "wrong_host", remedy,
		    "the login was issued by %.200s and is not sent to %.200s", issuer,
		    store->who.oauth_host);
	}
	if (store->file.access == STORE_FILE_OPEN) {
		problem_add(&status->problems, "rights", file_hint(hint, FILE_HINT_OPEN, store->file.path),
		    "%.400s can be read by others: its file system does not keep permissions",
		    store->file.path);
	} else if (store->file.access == STORE_FILE_TIGHTENED) {
		snprintf(remedy, sizeof(remedy),
		    "run 'kimi login%s --force' if another user may have read it", option);
		problem_add(&status->problems, "rights", remedy,
		    "%.400s could be read by others; it is now private", store->file.path);
	}
}

static void status_set_path(struct status *status, const struct store *store)
{
	snprintf(status->path, sizeof(status->path), "%.*s", (int)sizeof(status->path) - 1, store->file.path);
}

/* `cached`: the token is from the token cache of the keyring, which holds no refresh token. */
static void status_fill(
    struct status *status, const struct store *store, const struct token *token, bool cached)
{
	double now = clock_now();
	bool has_refresh_token = cached || *token->refresh_token;

	metadata_load(store->state, token->expires_at, &status->known);
	bool rejected = metadata_is_rejected(&status->known, store->who.oauth_host, now);
	status->storage = cached ? "keyring" : store_kind_name(store->found);
	if (store->found == STORE_FILE)
		status_set_path(status, store);
	if (*token->access_token && isfinite(token->expires_at))
		status->expires_at = token->expires_at;
	status->life = token->expires_in;
	status->can_refresh = has_refresh_token && !rejected && !status_is_elsewhere(status, store);
	status->will_end = rejected || !has_refresh_token;
	status->state = state_of(token, rejected, now);
	status_add_problems(status, store, token_is_tombstone(token), has_refresh_token);
}

/* Describes a login that exists but cannot be read. */
static void fill_unreadable(struct status *status, const struct store *store, const struct err *reason)
{
	bool locked = reason->code == ERR_BUSY;

	status->error = *reason;
	status->state = locked ? STATUS_EXPIRED : STATUS_LOGGED_OUT;
	status->storage = locked || store->found == STORE_KEYRING ? "keyring" : "file";
	status->can_refresh = locked;
	if (strcmp(status->storage, "file") == 0)
		status_set_path(status, store);
	problem_add_err(&status->problems, locked ? "keyring" : NULL, reason);
}

/* `ask_keyring`: also if the token is cached. */
static int status_read(struct status *status, bool ask_keyring, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct err reason = {0};
	struct store store;
	bool cached = false;
	int result;

	if (!*status->account.key)
		return 0;
	if (store_open(&store, &status->account, err) < 0)
		return -1;
	if (ask_keyring)
		result = store_load(&store, &token, &reason);
	else
		result = status_load(&store, &token, &cached, &reason);
	if (result == 0)
		status_fill(status, &store, &token, cached);
	else if (result < 0)
		fill_unreadable(status, &store, &reason);
	token_clear(&token);
	if (result < 0 && reason.code == ERR_INTERRUPTED) {
		if (err)
			*err = reason;
		return -1;
	}
	return 0;
}

int status_look(struct status *ret_status, const struct account *account, struct err *err)
{
	*ret_status = (struct status){.account = *account, .state = STATUS_LOGGED_OUT};
	return status_read(ret_status, false, err);
}

int status_look_at_keyring(struct status *ret_status, const struct account *account, struct err *err)
{
	*ret_status = (struct status){.account = *account, .state = STATUS_LOGGED_OUT};
	return status_read(ret_status, true, err);
}

/* The tokens are known already: makes secret_find() look for an API key instead. */
static int no_token(const struct secret_source *source, bool renew, char **ret_token, struct err *err)
{
	const struct status *status = source->context;
	bool nothing = status->state == STATUS_LOGGED_OUT && !status->storage;

	(void)renew, (void)ret_token;
	if (status->error.code != ERR_NONE) {
		*err = status->error;
		return -1;
	}
	return err_set(err, nothing ? ERR_LOGIN_REQUIRED : ERR_REJECTED, NULL, "no usable tokens");
}

/* Finds the API key that commands use instead of unusable tokens. */
static void look_for_key(struct status *status, bool platform_is_named)
{
	const struct secret_source source = {
	    .who = &status->account,
	    .only_this_platform = platform_is_named,
	    .get_token = no_token,
	    .context = status,
	};
	const struct home *home = status->account.home;
	struct secret secret;

	if (secret_find(&source, &secret, NULL) < 0)
		return;
	*status = (struct status){.account = {.platform = secret.platform},
	    .state = STATUS_FRESH,
	    .storage = secret.kind == SECRET_ENVIRONMENT_KEY ? "environment" : "config"};
	account_locate(&status->account, home, NULL);
	secret_clear(&secret);
}

static const struct status *status_find(const struct status_list *list, const struct account *account)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct account *listed = &list->items[i].account;
		if (listed->home->client == account->home->client && listed->platform == account->platform &&
		    strcmp(listed->name, account->name) == 0 && strcmp(listed->key, account->key) == 0)
			return &list->items[i];
	}
	return NULL;
}

int status_select(struct status *ret_status, const struct status_selection *selection, struct err *err)
{
	const struct account *account = selection->account;
	const struct status *listed = status_find(selection->known, account);

	if (listed)
		*ret_status = *listed;
	else if (status_look(ret_status, account, err) < 0)
		return -1;
	if (!*account->name && status_judge(ret_status, 0) == STATUS_NEEDS_LOGIN)
		look_for_key(ret_status, selection->platform_is_named);
	return 0;
}

enum status_verdict status_judge(const struct status *status, double min_valid)
{
	char its[] = "its";
	const struct token token = {
	    .access_token = its, .expires_at = status->expires_at, .expires_in = status->life};
	double left = token_left(&token, clock_now());
	double wanted = min_valid >= 0 ? min_valid : token_wanted_left(&token, -1);

	/* An API key does not expire. */
	if (status->state == STATUS_FRESH && status->expires_at == 0)
		return STATUS_GOOD;
	if (left > 0 && left >= wanted)
		return STATUS_GOOD;
	if (status->can_refresh)
		return STATUS_NEEDS_REFRESH;
	return STATUS_NEEDS_LOGIN;
}
