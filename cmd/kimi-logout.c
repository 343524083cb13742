/* kimi logout: removes a login: the tokens, and what login wrote to the config. */
#include "account/account.h"
#include "api/usage_cache.h"
#include "auth/history.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/config_notes.h"
#include "cli/context.h"
#include "config/file.h"
#include "config/login.h"
#include "status/status.h"
#include "store/store.h"
#include "ui/duration.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { LOCK_WAIT_MS = 30000 };

/* What became of one login. */
struct outcome {
	bool changed;      /* there was one */
	bool swept;        /* a killed command had left something behind */
	double expires_at; /* of the access token that was stored, 0 for none */
};

/* Removes the tokens, whatever state they are in. */
static int forget_tokens(const struct home *home, const struct identity *who, const char **ret_storage,
    struct outcome *ret_outcome, struct err *err)
{
	struct token token = TOKEN_INIT;
	struct store store;
	struct stat st;

	if (store_open(&store, home, who, err) < 0)
		return -1;
	if (store_sweep(&store, &ret_outcome->swept, err) < 0)
		return -1;
	/* Nothing there: no folder is to be made just to find it empty. */
	bool anything =
	    lstat(store.file, &st) == 0 || lstat(store.state, &st) == 0 || store_expects_keyring(&store);
	if (!anything && store_load(&store, &token, NULL) > 0)
		return 0;
	token_clear(&token);
	int failed = store_lock(&store, clock_ms() + LOCK_WAIT_MS, err);
	if (!failed) {
		if (store_load(&store, &token, NULL) == 0)
			ret_outcome->expires_at = token.expires_at;
		*ret_storage = store_kind_name(store.found);
		bool in_file = lstat(store.file, &st) == 0;
		failed = store_erase(&store, err);
		ret_outcome->changed = !failed || (in_file && lstat(store.file, &st) < 0);
	}
	token_clear(&token);
	store_close(&store);
	return failed;
}

/* The commands that would log out of what is stored, "; still logged in: ..."; "" for nothing. */
static void name_others(const struct home *home, struct buf *ret_text)
{
	struct status_list list;

	if (status_list(&list, home, 1, NULL, NULL, false, NULL) < 0)
		return;
	for (size_t i = 0; i < list.count; i++) {
		const struct identity *who = &list.items[i].who;
		if (!list.items[i].storage)
			continue;
		buf_addstr(ret_text, ret_text->len ? ", 'kimi logout" : "; still logged in: 'kimi logout");
		if (who->platform != platforms)
			buf_addf(ret_text, " --platform %s", who->platform->id);
		if (*who->account)
			buf_addf(ret_text, " --account %s", who->account);
		if (list.items[i].is_unused)
			buf_addstr(ret_text, " --all");
		buf_addstr(ret_text, "' ends that login");
	}
	status_list_clear(&list);
}

static void logout_tell(const struct command *c, const struct home *home, const struct identity *who,
    const struct outcome *outcome)
{
	double left = outcome->expires_at - clock_now();
	char span[SAY_SPAN_MAX], name[160];

	say_span(left, span);
	snprintf(name, sizeof(name), "%s%s%s%s", who->platform->name, *who->account ? " (" : "", who->account,
	    *who->account ? ")" : "");
	json_t *data = json_pack(
	    "{s:s, s:s?}", "platform", who->platform->id, "account", *who->account ? who->account : NULL);
	if (!outcome->changed) {
		struct buf others;
		buf_init(&others, 1024);
		name_others(home, &others);
		report_tell(&c->report, "success", data, "not logged in to %s: %s%s", name,
		    outcome->swept ? "removed what an interrupted command had left behind" : "nothing to do",
		    others.data);
		buf_release(&others);
	} else if (left < 1)
		report_tell(&c->report, "success", data, "logged out of %s", name);
	else
		report_tell(&c->report, "success", data,
		    "logged out of %s; the access token stays valid for another %s, since it cannot be "
		    "revoked",
		    name, span);
}

static int log_out(const struct command *c, const struct home *home, const struct identity *who,
    struct outcome *ret_outcome, struct err *err)
{
	bool had_tokens, had_config = false;
	const char *storage = NULL;
	struct err config_err;
	int failed = 0;

	*ret_outcome = (struct outcome){0};
	if (*who->key)
		failed = forget_tokens(home, who, &storage, ret_outcome, err);
	had_tokens = ret_outcome->changed;
	bool some_left = failed != 0;
	if (!*who->account && config_file_sweep(home))
		ret_outcome->swept = true;
	/* Only the plain login stands in the config. One that fails is no reason to leave the other behind. */
	if (!*who->account && !identity_is_other_configured(who, home) &&
	    config_remove_login(home, who->platform, &had_config, &config_err) < 0) {
		if (failed)
			report_note(&c->report, "%s", config_err.what);
		else
			*err = config_err;
		failed = -1;
	}
	if (failed && had_tokens)
		report_note(
		    &c->report, some_left ? "the login in the file is removed" : "the tokens are removed");
	ret_outcome->changed = had_tokens || had_config;
	usage_cache_drop(home, who);
	if (ret_outcome->changed || failed)
		history_add(home, HISTORY_LOGOUT, who,
		    had_tokens   ? storage
		    : had_config ? "config"
		                 : NULL,
		    failed ? err : NULL);
	return failed;
}

static int log_out_one(const struct command *c, const struct home *home, const struct identity *who,
    bool always_tell, bool *ret_any, struct err *err)
{
	struct outcome outcome;

	if (log_out(c, home, who, &outcome, err) < 0)
		return -1;
	if (outcome.changed || outcome.swept || always_tell)
		logout_tell(c, home, who, &outcome);
	*ret_any = *ret_any || outcome.changed || outcome.swept;
	return 0;
}

/* Everything in a home: logins with tokens and platforms with keys. The first failure is the outcome and stops no other. */
static int log_out_home(const struct command *c, const struct home *home, bool *ret_any, struct err *err)
{
	size_t count = 0;
	struct identity *list = identity_list(home, &count, err), key_only;
	struct err one;
	int result = 0;

	if (!list)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (log_out_one(c, home, &list[i], false, ret_any, &one) < 0 && result == 0) {
			*err = one;
			result = -1;
		}
	}
	for (const struct platform *p = platforms; p->id; p++) {
		if (p->oauth_key || identity_find(&key_only, home, p->id, "", NULL) < 0)
			continue;
		if (log_out_one(c, home, &key_only, false, ret_any, &one) < 0 && result == 0) {
			*err = one;
			result = -1;
		}
	}
	free(list);
	return result;
}

static int log_out_all(const struct command *c, const struct login_options *login, struct err *err)
{
	struct home homes[CLIENTS];
	struct err one;
	size_t count;
	bool any = false;
	int result = 0;

	if (context_homes(homes, &count, login, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if ((home_check_writable(&homes[i], &one) < 0 ||
		        log_out_home(c, &homes[i], &any, &one) < 0) &&
		    result == 0) {
			*err = one;
			result = -1;
		}
	}
	if (!any && result == 0)
		report_tell(&c->report, "success", json_pack("{s:n}", "platform"),
		    "not logged in to any platform: nothing to do");
	return result;
}

static int run(const struct command *c, const struct login_options *login, bool all, struct err *err)
{
	struct context context;
	bool any = false;

	if (all && (login->platform || login->account))
		return err_set(
		    err, ERR_USAGE, OPTIONS_SEE_HELP, "--all cannot be used with --platform or --account");
	if (all)
		return log_out_all(c, login, err);
	if (context_open(&context, login, err) < 0 || home_check_writable(&context.home, err) < 0)
		return -1;
	return log_out_one(c, &context.home, &context.who, true, &any, err);
}

int main(int argc, char **argv)
{
	struct command c =
	    COMMAND_INIT("logout", "[OPTIONS]", "Remove a login: its tokens or API key, and its settings.");
	struct login_options login = {0};
	bool all = false;
	struct err err = {0};
	const struct option_row table[] = {
	    OPTION_FLAG("all", &all, "remove every login"),
	    OPTION_TEXT("platform", &login.platform, "ID", "the platform (default: kimi-code)"),
	    COMMAND_ACCOUNT_ROW(&login.account),
	    COMMAND_CLIENT_ROW(&login.client),
	    COMMAND_ROWS(c),
	    OPTION_END,
	};
	int failed = command_begin(&c, table, argc, argv, 0, &err);

	if (!failed)
		failed = run(&c, &login, all, &err);
	config_notes_tell(&c.report);
	return command_end(&c, failed < 0, &err);
}
