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
#include "ui/browser.h"
#include "ui/layout.h"
#include "ui/login_event.h"
#include "ui/login_screen.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { STORAGE_MAX = 2 * PATH_MAX + 32 };

/* One login by the device flow. */
struct flow {
	const struct report *report;
	const struct login_request *request;
	struct store store;
	struct token token;        /* of the stored or the new login */
	struct models models;      /* empty if they could not be fetched */
	char storage[STORAGE_MAX]; /* where a new login is stored, for a person */
	bool opened; /* a browser was opened for the first code: do not open more pages for new codes */
};

static void show_code(void *context, const struct device_authorization *a)
{
	struct flow *flow = context;
	const struct report *report = flow->report;
	const char *page = login_screen_page(a);
	bool browser = !flow->request->no_browser && !flow->opened && browser_is_likely();
	enum login_qr qr = LOGIN_QR_IF_IT_FITS;

	report_event(report, "info", NULL, "open the page in a browser and confirm the login");
	report_event(report, "verification_url",
	    json_pack("{s:s, s:s}", "verification_url", page, "user_code", a->user_code),
	    "verification URL: %s", page);
	if (flow->request->qr)
		qr = LOGIN_QR_YES;
	else if (browser)
		qr = LOGIN_QR_NO;
	if (!report->json)
		login_screen_show(report, a, qr);
	flow->opened = true;
	if (browser && browser_open(page))
		login_screen_note(report, "the page opens in your browser");
	else if (browser && !flow->request->qr && !report->json)
		login_screen_add_qr(report, a);
	report_event(report, "waiting", NULL, "waiting for the login to be confirmed");
}

static void show_tick(void *context, double seconds_left)
{
	const struct flow *flow = context;

	if (!flow->report->json)
		login_screen_tick(flow->report, seconds_left);
}

static void show_expired(void *context)
{
	const struct flow *flow = context;

	static const char text[] = "the code has expired; here is a new one";

	login_screen_end(flow->report);
	login_screen_wipe(flow->report);
	report_event(flow->report, "info", NULL, "%s", text);
	if (!flow->report->json)
		login_screen_note(flow->report, text);
}

static void flow_show_error(void *context, const struct err *reason)
{
	const struct flow *flow = context;

	char text[sizeof(reason->what) + 32];

	snprintf(text, sizeof(text), "%s; trying again", reason->what);
	login_screen_end(flow->report);
	report_event(flow->report, "waiting", NULL, "%s", text);
	if (!flow->report->json)
		login_screen_note(flow->report, text);
}

/* Whether the login is valid but cannot be refreshed any more. */
static bool will_end(const struct account *account)
{
	struct status status;

	return status_look(&status, account, NULL) == 0 && status.will_end;
}

/* 1: the stored login is valid, in flow->token. 0: it is missing or unusable. -1: not known now. */
static int stored_login(struct flow *flow, struct err *err)
{
	struct store *store = &flow->store;
	const struct refresh_options options = {.min_valid = -1};

	if (refresh_login(store, &options, &flow->token, err) != REFRESH_FAILED) {
		if (!will_end(&flow->request->account))
			return 1;
		token_clear(&flow->token);
		return 0;
	}
	if (err->code == ERR_LOGIN_REQUIRED || err->code == ERR_REJECTED)
		return 0;
	if (err->code == ERR_BUSY && *store->keyring.error.reason) {
		/* On a desktop the user can unlock the keyring. */
		if (store->keyring.locked_copy && (env_get("DISPLAY") || env_get("WAYLAND_DISPLAY"))) {
			snprintf(err->hint, sizeof(err->hint),
			    "unlock the keyring, or run 'kimi login --force' for a new login");
			return -1;
		}
		report_note(flow->report, "the stored login cannot be used: %s; starting a new one",
		    store->keyring.error.reason);
		return 0;
	}
	if (err->code == ERR_STORAGE || err->code == ERR_PROTOCOL) {
		report_note(flow->report, "the stored login cannot be used: %s", err->what);
		return 0;
	}
	return -1;
}

/* Whether the config refers to the tokens. A provider with only an API key does not. */
static bool has_config(const struct account *account)
{
	char provider[CONFIG_PROVIDER_MAX];
	struct toml *doc = NULL;

	config_provider_key(account->home, account->platform, provider);
	if (config_file_read(account->home, &doc, NULL) != 0)
		return false;
	const char *key =
	    config_text(doc, (const char *const[]){"providers", provider, "oauth", "key", NULL});
	bool has = key && strcmp(key, account->key) == 0;
	toml_free(doc);
	return has;
}

static int not_written(struct err *err)
{
	return err_set(
	    err, err->code, err->hint, "logged in, but the config was not written: %.500s", err->what);
}

/* Fetches the models and writes the config. The tokens are saved already, so an error here loses no login. */
static int write_config(struct flow *flow, struct err *err)
{
	const struct store *store = &flow->store;
	const struct home *home = store->who.home;
	struct toml *config = NULL;
	struct err models_err = {0};

	if (url_check(store->who.base_url, err) < 0 || config_file_read(home, &config, err) < 0)
		return not_written(err);
	int no_models =
	    model_lists_fetch_with(config, &store->who, flow->token.access_token, &flow->models, &models_err);
	toml_free(config); /* it may be large, and is read again to be edited */
	struct config_login login = {.who = &store->who, .storage = store_kind_name(store->kind)};
	if (!no_models)
		login.models = &flow->models;
	int result = config_add_login(&login, err);
	if (result == 0)
		model_sync_tell_kept(flow->report, home, store->who.platform, &flow->models);
	if (result < 0)
		return not_written(err);
	if (!no_models)
		return 0;
	/* A later sync may succeed, so report any failure of the list as temporary. */
	enum err_code code = models_err.code;
	if (code != ERR_INTERRUPTED && !err_is_temporary(code))
		code = ERR_SERVER;
	return err_set(err, code, "run 'kimi models --sync' later",
	    "logged in, but the model list could not be fetched: %.500s", models_err.what);
}

/* Where the login is, as a person reads it. */
static void name_storage(const struct store *store, const char *reason, char ret_text[STORAGE_MAX])
{
	const char *joint = "";
	char path[PATH_MAX];

	if (store->kind != STORE_FILE) {
		snprintf(ret_text, STORAGE_MAX, "the keyring");
		return;
	}
	if (*reason)
		joint = "; ";
	layout_path(store->file.path, path, sizeof(path));
	snprintf(ret_text, STORAGE_MAX, "%s (private file%s%s)", path, joint, reason);
}

static int log_in(struct flow *flow, struct err *err)
{
	const struct report *report = flow->report;
	const struct login_request *request = flow->request;
	struct store *store = &flow->store;
	bool is_auto = store_kind_by_name(request->storage) == STORE_NOWHERE;
	const struct login_watcher watcher = {
	    .context = flow,
	    .code = show_code,
	    .expired = show_expired,
	    .tick = show_tick,
	    .error = flow_show_error,
	};
	char reason[PATH_MAX];
	struct oauth oauth;
	struct stat st;

	if (oauth_open(&oauth, &request->account, err) < 0 ||
	    login_choose_store(store, store_kind_by_name(request->storage), reason, sizeof(reason), err) < 0)
		return -1;
	long long deadline = clock_ms() + (long long)(request->timeout * 1000);
	int result = login_run_device_flow(&oauth, deadline, &watcher, &flow->token, err);
	login_screen_end(report);
	if (result == 0)
		login_screen_wipe(report);
	if (result < 0 || login_save(store, &oauth, &flow->token, &watcher, err) < 0)
		return -1;
	if (store->fell_back)
		snprintf(reason, sizeof(reason), "%s", store->keyring.error.reason);
	if (store->kind == STORE_FILE && stat(store->file.path, &st) == 0 && (st.st_mode & 077))
		report_note(report, "others can read %s: its file system does not keep permissions",
		    store->file.path);
	bool was_chosen = is_auto || store->fell_back;
	if (!was_chosen)
		*reason = '\0';
	name_storage(store, reason, flow->storage);
	if (was_chosen && !report->terminal && store->kind == STORE_FILE)
		report_note(report, "login saved in a private file (%s)", reason);
	else if (was_chosen && !report->terminal)
		report_note(report, "login saved in the keyring");
	return 0;
}

int login_flow_move(const struct report *report, struct store *store, const char *storage, struct err *err)
{
	enum store_kind kind = store_kind_by_name(storage);
	bool is_there = store->found == kind;

	if (kind == STORE_NOWHERE)
		return 0;
	/* Even if it is there: an earlier move may have left a copy behind. */
	if (login_move(store, kind, err) < 0)
		return -1;
	if (is_there)
		return 0;
	if (kind == STORE_FILE)
		report_note(report, "login moved to a private file");
	else
		report_note(report, "login moved to the keyring");
	return 0;
}

/* Finds problems that would prevent the login before a person is asked to confirm it. */
static int check_early(const struct account *account, struct err *err)
{
	struct toml *config = NULL;

	if (url_check(account->base_url, err) < 0)
		return -1;
	if (!*account->name && config_file_read(account->home, &config, err) < 0)
		return -1;
	toml_free(config);
	return 0;
}

static void flow_tell_already(const struct report *report, const struct account *account)
{
	char title[ACCOUNT_TITLE_MAX], option[ACCOUNT_OPTION_MAX];

	account_title(account, title);
	report_tell(report, "success", login_event_data(account),
	    "already logged in to %s; to switch accounts: kimi login --force%s", title,
	    account_option(account, option));
}

static void flow_tell_success(const struct flow *flow)
{
	const struct models *models = NULL;

	if (!*flow->request->account.name) /* only the default account is in the config */
		models = &flow->models;
	login_flow_succeeded(flow->report, &flow->request->account, models, flow->storage);
}

static int flow_run(struct flow *flow, struct err *err)
{
	const struct account *account = &flow->request->account;
	int stored = 0, result;

	if (!flow->request->force)
		stored = stored_login(flow, err);
	if (stored < 0)
		return -1;
	if (stored > 0)
		result = login_flow_move(flow->report, &flow->store, flow->request->storage, err);
	else
		result = check_early(account, err);
	if (stored == 0 && result == 0)
		result = log_in(flow, err);
	if (result == 0 && !*account->name && (stored == 0 || !has_config(account)))
		result = write_config(flow, err);
	if (result < 0)
		return -1;
	if (stored > 0)
		flow_tell_already(flow->report, account);
	else
		flow_tell_success(flow);
	return 0;
}

int login_flow_oauth(const struct report *report, const struct login_request *request, struct err *err)
{
	struct flow flow = {.report = report, .request = request, .token = TOKEN_INIT};

	if (store_open(&flow.store, &request->account, err) < 0)
		return -1;
	if (store_kind_by_name(request->storage) == STORE_FILE)
		store_avoid_keyring(&flow.store);
	int result = flow_run(&flow, err);
	models_clear(&flow.models);
	token_clear(&flow.token);
	return result;
}
