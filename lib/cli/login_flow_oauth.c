/* The device flow of login_flow.h. */
#include "api/model_lists.h"
#include "auth/refresh.h"
#include "base/clock.h"
#include "base/env.h"
#include "cli/login_flow.h"
#include "cli/model_sync.h"
#include "config/file.h"
#include "config/login.h"
#include "config/view.h"
#include "http/url.h"
#include "login/device_flow.h"
#include "status/status.h"
#include "store/helper.h"
#include "ui/browser.h"
#include "ui/login_screen.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct show {
	const struct report *report;
	const struct login_wish *wish;
	bool opened; /* a browser, for the first code: another page for each new one would be a nuisance */
};

static void show_code(void *context, const struct device_authorization *a)
{
	struct show *show = context;
	const struct report *report = show->report;
	const char *page = login_screen_page(a);
	bool browser = !show->wish->no_browser && !show->opened && browser_is_likely();

	report_event(report, "info", NULL, "open the page in a browser and confirm the login");
	report_event(report, "verification_url",
	    json_pack("{s:s, s:s}", "verification_url", page, "user_code", a->user_code),
	    "verification URL: %s", page);
	if (!report->json)
		login_screen_show(report, a,
		    show->wish->qr ? LOGIN_QR_YES
		    : browser      ? LOGIN_QR_NO
		                   : LOGIN_QR_IF_IT_FITS);
	show->opened = true;
	if (browser && browser_open(page))
		report_note(report, "the page should open in your browser by itself");
	else if (browser && !show->wish->qr && !report->json)
		login_screen_add_qr(report, a);
	report_event(report, "waiting", NULL, "waiting for the login to be confirmed");
}

static void show_tick(void *context, double seconds_left)
{
	const struct show *show = context;

	if (!show->report->json)
		login_screen_tick(show->report, seconds_left);
}

static void show_expired(void *context)
{
	const struct show *show = context;

	login_screen_end(show->report);
	report_tell(show->report, "info", NULL, "the code has expired; here is a new one");
}

static void show_trouble(void *context, const struct err *why)
{
	const struct show *show = context;

	login_screen_end(show->report);
	report_tell(show->report, "waiting", NULL, "%s; trying again", why->what);
}

/* Its access token lives, and there will be no other. */
static bool will_end(const struct home *home, const struct identity *who)
{
	struct status status;

	return status_look(&status, home, who, false, NULL) == 0 && status.will_end;
}

/* 1: the stored login is good, and *ret_token is it. 0: there is none that could be used. -1: it cannot be told now. */
static int stored_login(const struct report *report, const struct home *home, const struct identity *who,
    struct store *store, struct token *ret_token, struct err *err)
{
	const struct refresh_wish wish = {.min_valid = -1};
	enum refresh_outcome outcome;

	if (refresh_login(home, store, &wish, ret_token, &outcome, err) == 0) {
		if (!will_end(home, who))
			return 1;
		token_clear(ret_token);
		return 0;
	}
	if (err->code == ERR_LOGIN_REQUIRED || err->code == ERR_REJECTED)
		return 0;
	if (err->code == ERR_BUSY && *store->keyring.trouble.why) {
		/* Who is there to log in can unlock it, too. */
		if (store->keyring.locked_copy && (env_get("DISPLAY") || env_get("WAYLAND_DISPLAY"))) {
			snprintf(err->todo, sizeof(err->todo),
			    "%s, or run 'kimi login --force' for a new login", credential_remedy());
			return -1;
		}
		report_note(
		    report, "the stored login cannot be used: %s; this is a new one", store->keyring.trouble.why);
		return 0;
	}
	if (err->code == ERR_STORAGE || err->code == ERR_PROTOCOL) {
		report_note(report, "the stored login cannot be used: %s", err->what);
		return 0;
	}
	return -1;
}

/* The config knows of the tokens; a provider that an API key left there is not enough. */
static bool has_config(const struct home *home, const struct identity *who)
{
	char provider[CONFIG_PROVIDER_MAX];
	struct toml *doc = NULL;

	config_provider_key(home, who->platform, provider);
	const char *key =
	    config_file_read(home, &doc, NULL) == 0
	        ? config_text(doc, (const char *const[]){"providers", provider, "oauth", "key", NULL})
	        : NULL;
	bool has = key && strcmp(key, who->key) == 0;
	toml_free(doc);
	return has;
}

static int not_written(struct err *err)
{
	return err_set(err, err->code, err->todo, "you are logged in, but the config was not written: %.500s",
	    err->what);
}

/* The config half of a login. The tokens are safe already: what fails here can be made up for later. */
static int write_config(const struct report *report, const struct home *home, const struct store *store,
    const char *access_token, struct err *err)
{
	struct models models = {0};
	struct toml *config = NULL;
	struct err models_err = {0};

	if (config_file_read(home, &config, err) < 0)
		return not_written(err);
	int no_models = catalog_fetch_with(home, config, &store->who, access_token, &models, &models_err);
	toml_free(config); /* it may be large, and is read again to be edited */
	const struct config_login login = {
	    .who = &store->who,
	    .storage = store_kind_name(store->kind),
	    .models = no_models ? NULL : &models,
	};
	int failed = config_add_login(home, &login, err);
	if (!failed)
		model_sync_tell_kept(report, home, store->who.platform, &models);
	models_clear(&models);
	if (failed)
		return not_written(err);
	if (!no_models)
		return 0;
	/* Whatever the list failed with, the login is good and a later sync may succeed: a passing failure. */
	enum err_code code = models_err.code == ERR_INTERRUPTED || err_is_passing(models_err.code)
	                         ? models_err.code
	                         : ERR_SERVER;
	return err_set(err, code, "run 'kimi models --sync' later",
	    "you are logged in, but the model list did not come: %.500s", models_err.what);
}

static int log_in(const struct report *report, const struct login_wish *wish, const struct home *home,
    struct store *store, struct token *ret_token, struct err *err)
{
	struct show show = {.report = report, .wish = wish};
	const struct login_watcher watcher = {
	    .context = &show,
	    .code = show_code,
	    .expired = show_expired,
	    .tick = show_tick,
	    .trouble = show_trouble,
	};
	char why[PATH_MAX];
	struct oauth oauth;
	struct stat st;

	if (oauth_open(&oauth, &wish->who, home, err) < 0 ||
	    login_choose_store(store, store_kind_by_name(wish->storage), why, sizeof(why), err) < 0)
		return -1;
	long long deadline = clock_ms() + (long long)(wish->timeout * 1000);
	int failed = login_run_device_flow(&oauth, deadline, &watcher, ret_token, err);
	login_screen_end(report);
	if (failed || login_save(store, &oauth, ret_token, &watcher, err) < 0)
		return -1;
	if (store->fell_back)
		snprintf(why, sizeof(why), "%s", store->keyring.trouble.why);
	if (store->kind == STORE_FILE && stat(store->file, &st) == 0 && (st.st_mode & 077))
		report_note(report, "others can read %s: its file system does not keep modes", store->file);
	if (store_kind_by_name(wish->storage) == STORE_NOWHERE || store->fell_back)
		report_note(report, "the login is kept in the %s: %s", store_kind_name(store->kind), why);
	return 0;
}

/* A good login that is to lie elsewhere. */
static int move(
    const struct report *report, const struct login_wish *wish, struct store *store, struct err *err)
{
	enum store_kind kind = store_kind_by_name(wish->storage);
	bool is_there = store->found == kind;

	if (kind == STORE_NOWHERE)
		return 0;
	/* Also where it is there already: an earlier move may have left a copy behind. */
	if (login_move(store, kind, err) < 0)
		return -1;
	if (!is_there)
		report_note(report, "the login is kept in the %s now", wish->storage);
	return 0;
}

int login_flow_oauth(
    const struct report *report, const struct login_wish *wish, const struct home *home, struct err *err)
{
	const struct platform *platform = wish->who.platform;
	bool plain = !*wish->who.account; /* only the plain login stands in the config */
	const char *done = "you are logged in already; --force logs in anew";
	struct token token = TOKEN_INIT;
	struct store store;

	if (store_open(&store, home, &wish->who, err) < 0)
		return -1;
	if (store_kind_by_name(wish->storage) == STORE_FILE)
		store_avoid_keyring(&store);
	int good = wish->force ? 0 : stored_login(report, home, &wish->who, &store, &token, err);
	int failed = good < 0 ? -1 : 0;
	if (good > 0)
		failed = move(report, wish, &store, err);
	if (good == 0) {
		done = "you are logged in";
		/* A base URL that may not be asked is better refused before a person is troubled than after. */
		failed = url_check(wish->who.base_url, err);
		if (!failed)
			failed = log_in(report, wish, home, &store, &token, err);
	}
	if (!failed && plain && (good == 0 || !has_config(home, &wish->who)))
		failed = write_config(report, home, &store, token.access_token, err);
	if (!failed)
		report_tell(report, "success",
		    json_pack(
		        "{s:s, s:s?}", "platform", platform->id, "account", plain ? NULL : wish->who.account),
		    "%s%s%s", plain ? "" : wish->who.account, plain ? "" : ": ", done);
	token_clear(&token);
	return failed;
}
