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
#include "ui/layout.h"
#include "ui/login_screen.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { STORAGE_MAX = 2 * PATH_MAX + 32 };

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
		login_screen_note(report, "the page opens in your browser");
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

	static const char text[] = "the code has expired; here is a new one";

	login_screen_end(show->report);
	login_screen_wipe(show->report);
	report_event(show->report, "info", NULL, "%s", text);
	if (!show->report->json)
		login_screen_note(show->report, text);
}

static void show_trouble(void *context, const struct err *why)
{
	const struct show *show = context;

	char text[sizeof(why->what) + 32];

	snprintf(text, sizeof(text), "%s; trying again", why->what);
	login_screen_end(show->report);
	report_event(show->report, "waiting", NULL, "%s", text);
	if (!show->report->json)
		login_screen_note(show->report, text);
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
		report_note(report, "the stored login cannot be used: %s; starting a new one",
		    store->keyring.trouble.why);
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
	return err_set(
	    err, err->code, err->todo, "logged in, but the config was not written: %.500s", err->what);
}

/* The config half of a login. The tokens are safe already: what fails here can be made up for later. */
static int write_config(const struct report *report, const struct home *home, const struct store *store,
    const char *access_token, struct models *ret_models, struct err *err)
{
	struct toml *config = NULL;
	struct err models_err = {0};

	if (config_file_read(home, &config, err) < 0)
		return not_written(err);
	int no_models = catalog_fetch_with(home, config, &store->who, access_token, ret_models, &models_err);
	toml_free(config); /* it may be large, and is read again to be edited */
	const struct config_login login = {
	    .who = &store->who,
	    .storage = store_kind_name(store->kind),
	    .models = no_models ? NULL : ret_models,
	};
	int failed = config_add_login(home, &login, err);
	if (!failed)
		model_sync_tell_kept(report, home, store->who.platform, ret_models);
	if (failed)
		return not_written(err);
	if (!no_models)
		return 0;
	/* Whatever the list failed with, the login is good and a later sync may succeed: a passing failure. */
	enum err_code code = models_err.code == ERR_INTERRUPTED || err_is_passing(models_err.code)
	                         ? models_err.code
	                         : ERR_SERVER;
	return err_set(err, code, "run 'kimi models --sync' later",
	    "logged in, but the model list could not be fetched: %.500s", models_err.what);
}

/* Where the login is, as a person reads it. */
static void name_storage(const struct store *store, const char *why, char ret_text[STORAGE_MAX])
{
	char path[PATH_MAX];

	if (store->kind != STORE_FILE) {
		snprintf(ret_text, STORAGE_MAX, "the keyring");
		return;
	}
	layout_path(store->file, path, sizeof(path));
	snprintf(ret_text, STORAGE_MAX, "%s (private file%s%s)", path, *why ? "; " : "", why);
}

static int log_in(const struct report *report, const struct login_wish *wish, const struct home *home,
    struct store *store, struct token *ret_token, char ret_storage[STORAGE_MAX], struct err *err)
{
	bool is_auto = store_kind_by_name(wish->storage) == STORE_NOWHERE;
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
	if (!failed)
		login_screen_wipe(report);
	if (failed || login_save(store, &oauth, ret_token, &watcher, err) < 0)
		return -1;
	if (store->fell_back)
		snprintf(why, sizeof(why), "%s", store->keyring.trouble.why);
	if (store->kind == STORE_FILE && stat(store->file, &st) == 0 && (st.st_mode & 077))
		report_note(
		    report, "others can read %s: its file system does not keep permissions", store->file);
	name_storage(store, is_auto || store->fell_back ? why : "", ret_storage);
	if ((is_auto || store->fell_back) && !report->terminal)
		report_note(report, "login saved in %s%s%s%s",
		    store->kind == STORE_FILE ? "a private file" : "the keyring",
		    store->kind == STORE_FILE ? " (" : "", store->kind == STORE_FILE ? why : "",
		    store->kind == STORE_FILE ? ")" : "");
	return 0;
}

/* A good login that is to lie elsewhere. */
static int oauth_flow_move(
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
		report_note(
		    report, "login moved to %s", kind == STORE_FILE ? "a private file" : "the keyring");
	return 0;
}

/* What would keep a login from being completed is better said before a person is asked to confirm it than after. */
static int check_early(const struct home *home, const struct identity *who, struct err *err)
{
	struct toml *config = NULL;

	if (url_check(who->base_url, err) < 0)
		return -1;
	if (!*who->account && config_file_read(home, &config, err) < 0)
		return -1;
	toml_free(config);
	return 0;
}

static void tell_already(const struct report *report, const struct identity *who)
{
	bool has_account = *who->account;

	report_tell(report, "success",
	    json_pack(
	        "{s:s, s:s?}", "platform", who->platform->id, "account", has_account ? who->account : NULL),
	    "already logged in to %s%s%s; to switch accounts: kimi login --force%s%s", who->platform->name,
	    has_account ? ", account " : "", who->account, has_account ? " --account " : "", who->account);
}

int login_flow_oauth(
    const struct report *report, const struct login_wish *wish, const struct home *home, struct err *err)
{
	bool plain = !*wish->who.account; /* only the default account is in the config */
	char storage[STORAGE_MAX] = "";
	struct token token = TOKEN_INIT;
	struct models models = {0};
	struct store store;

	if (store_open(&store, home, &wish->who, err) < 0)
		return -1;
	if (store_kind_by_name(wish->storage) == STORE_FILE)
		store_avoid_keyring(&store);
	int good = wish->force ? 0 : stored_login(report, home, &wish->who, &store, &token, err);
	int failed = good < 0 ? -1 : 0;
	if (good > 0)
		failed = oauth_flow_move(report, wish, &store, err);
	if (good == 0)
		failed = check_early(home, &wish->who, err);
	if (good == 0 && !failed)
		failed = log_in(report, wish, home, &store, &token, storage, err);
	if (!failed && plain && (good == 0 || !has_config(home, &wish->who)))
		failed = write_config(report, home, &store, token.access_token, &models, err);
	if (!failed && good == 0)
		login_flow_succeeded(report, &wish->who, home, plain ? &models : NULL, storage);
	else if (!failed)
		tell_already(report, &wish->who);
	models_clear(&models);
	token_clear(&token);
	return failed;
}
