/* The complete part of status.h: every login, and what is wrong with it. */
#include "base/clock.h"
#include "base/memory.h"
#include "config/dialect.h"
#include "config/view.h"
#include "home/dir_lock.h"
#include "status/checks.h"
#include "status/online.h"
#include "status/status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double clock_may_differ = 60, long_ago = 3600;

static void check_rejection(struct status *status)
{
	char remedy[ACCOUNT_HINT_MAX];

	if (!status->known.rejections || status->state != STATUS_REJECTED)
		return;
	account_login_hint(&status->account, remedy);
	if (status->expires_at > clock_now())
		problem_add(&status->problems, "rejected", remedy,
		    "Kimi no longer accepts this login; the access token is valid until it expires");
	else
		problem_add(&status->problems, "rejected", remedy, "Kimi no longer accepts this login");
}

/* After a 429 or 5xx no process asks again for a while. */
static void check_wait(struct status *status)
{
	double left = metadata_wait_left(&status->known.wait, clock_now());
	time_t until = (time_t)status->known.wait.until;
	char time[16] = "", remedy[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX];
	struct tm parts;

	if (left <= 0 || !status->can_refresh)
		return;
	if (localtime_r(&until, &parts))
		strftime(time, sizeof(time), "%H:%M:%S", &parts);
	snprintf(remedy, sizeof(remedy), "wait, or run 'kimi refresh%s --force' to ask now",
	    account_option(&status->account, option));
	problem_add(&status->problems, "waiting", remedy,
	    "the server could not refresh the login, and is not asked again for %.0f s, until %s", ceil(left),
	    time);
}

static void check_clock(struct status *status)
{
	double ahead = status->known.clock_ahead;
	char remedy[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX];

	snprintf(remedy, sizeof(remedy),
	    "set the clock, for instance with 'timedatectl set-ntp true', then run 'kimi refresh%s "
	    "--force'",
	    account_option(&status->account, option));
	if (ahead > clock_may_differ)
		problem_add(&status->problems, "clock", remedy,
		    "this machine's clock was %.0f s ahead of the server's at the last refresh", ahead);
	else if (ahead < -clock_may_differ)
		problem_add(&status->problems, "clock", remedy,
		    "this machine's clock was %.0f s behind the server's at the last refresh", -ahead);
}

/* Logins that kimi-cli made have no metadata: their last refresh is when the token was issued. */
static void check_age(struct status *status)
{
	double begun =
	    status->known.last_refresh > 0 ? status->known.last_refresh : status->expires_at - status->life;
	double age = clock_now() - begun;
	char remedy[ACCOUNT_HINT_MAX], option[ACCOUNT_OPTION_MAX];

	if ((status->state != STATUS_DUE && status->state != STATUS_EXPIRED) || !status->can_refresh ||
	    status->expires_at <= 0 || age <= long_ago || age <= 4 * status->life)
		return;
	snprintf(remedy, sizeof(remedy),
	    "run 'kimi refresh%s'; if cron or a timer should do that, check that it runs",
	    account_option(&status->account, option));
	problem_add(&status->problems, "not_refreshed", remedy, "the login has not been refreshed for %.0f h",
	    floor(age / 3600));
}

/* A migration between clients copies the provider to the config, but not the login. */
static void check_migrated(struct status *status, const struct toml *config)
{
	const struct home *home = status->account.home;
	const struct toml_node *provider = config_provider(home, config, status->account.platform);
	char remedy[80];

	if (!config_dialect(home)->is_migrated || status->state != STATUS_LOGGED_OUT || status->storage ||
	    status->error.code != ERR_NONE || *status->account.name || !toml_member(provider, "oauth"))
		return;
	snprintf(remedy, sizeof(remedy), "run 'kimi login --client %s'", home->client->name);
	problem_add(&status->problems, "no_login", remedy,
	    "config.toml, line %zu: the provider %.60s is there, but this home has no login for it; a "
	    "migration from another client leaves it so",
	    toml_line(config, provider), toml_key(provider, NULL));
}

/* Finds credentials in another slot, which neither the client nor our commands use. */
static void check_hosts(struct status *status)
{
	const struct account *account = &status->account;
	struct account current;
	char remedy[160 + ACCOUNT_OPTION_MAX] = "run 'kimi logout --all' if you do not need it";
	char option[ACCOUNT_OPTION_MAX];

	if (!status->storage ||
	    account_find(&current, account->home, account->platform->id, account->name, NULL) < 0)
		return;
	account_find_region(&current);
	status->is_unused = strcmp(current.key, account->key) != 0;
	if (!status->is_unused)
		return;
	if (account->region && *account->name)
		snprintf(remedy, sizeof(remedy), "to end it, run 'kimi logout%s --region %s'",
		    account_option(account, option), account->region->name);
	else if (account->region)
		snprintf(remedy, sizeof(remedy),
		    "to use it, run 'kimi login --client %s --region %s'; to end it, 'kimi logout%s --region "
		    "%s'",
		    account->home->client->name, account->region->name, account_option(account, option),
		    account->region->name);
	problem_add(&status->problems, "other_region", remedy,
	    "no command uses this login: config.toml or the environment names other hosts");
}

/* A leftover at the path of the refresh lock stops kimi-code too. */
static void check_lock(struct status *status)
{
	const struct home *home = status->account.home;
	const char *key = status->account.key;
	struct err err;

	if (home->client->lock == CLIENT_LOCK_DIRECTORY && *key && status->storage &&
	    dir_lock_check(home, strchr(key, '/') + 1, &err) < 0)
		problem_add_err(&status->problems, "lock", &err);
}

static void add_default_model(struct status *status, const struct toml *config)
{
	const char *model = config_default_model(config);

	if (model && config_default_platform(status->account.home, config) == status->account.platform)
		snprintf(status->default_model, sizeof(status->default_model), "%s", model);
}

/* One home that is being listed. */
struct status_listing {
	const struct status_query *query;
	const struct home *home;
	struct toml *config; /* NULL: there is none, or it cannot be parsed */
};

static int list_examine(const struct status_listing *listing, struct status *status,
    const struct account *account, struct err *err)
{
	const struct toml *config = listing->config;

	if (status_look_at_keyring(status, account, err) < 0)
		return -1;
	if (status->state == STATUS_LOGGED_OUT && !status->storage && !*account->name &&
	    account_is_configured(account) && config_api_key(account->home, config, account->platform)) {
		status->state = STATUS_FRESH;
		status->storage = "config";
	}
	check_rejection(status);
	check_wait(status);
	check_clock(status);
	check_age(status);
	check_migrated(status, config);
	check_hosts(status);
	check_lock(status);
	add_default_model(status, config);
	return 0;
}

/* Tries the login, then looks at it again: the request may have refreshed it, or found it rejected. */
static int list_try_online(const struct status_listing *listing, struct status *status, struct err *err)
{
	const struct account account = status->account;
	struct err reason = {0};
	struct online facts;
	int result = status_ask_online(&account, &facts, &reason);

	if (reason.code == ERR_INTERRUPTED)
		*err = reason;
	if (reason.code == ERR_INTERRUPTED || list_examine(listing, status, &account, err) < 0) {
		status_online_clear(&facts);
		return -1;
	}
	status->online = result < 0 ? STATUS_OFFLINE : STATUS_ONLINE;
	status->facts = facts;
	if (result < 0)
		problem_add_err(&status->problems, NULL, &reason);
	return 0;
}

static struct account *list_one(const struct status_listing *listing, struct err *err)
{
	const struct platform *only = listing->query->only;
	struct account *account = memory_take(sizeof(*account));

	if (account_find(account, listing->home, only ? only->id : NULL, listing->query->account, err) < 0) {
		free(account);
		return NULL;
	}
	account_find_region(account);
	return account;
}

/* The logins to look at. The caller frees the list. NULL: *err. */
static struct account *list_candidates(
    const struct status_listing *listing, size_t *ret_count, struct err *err)
{
	if (!listing->query->account)
		return account_list(listing->home, ACCOUNTS_ALL, ret_count, err);
	*ret_count = 1;
	return list_one(listing, err);
}

/* Keeps a login that exists. Of several homes, the first also keeps the one that the caller asked for. */
static bool list_keeps(const struct status_listing *listing, const struct status *status)
{
	const struct status_query *query = listing->query;
	bool is_asked_for = query->account || (query->only && !*status->account.name);

	if (status->state != STATUS_LOGGED_OUT || status->problems.count)
		return true;
	return is_asked_for && listing->home == query->homes;
}

static int status_list_add(struct status_list *list, const struct status_listing *listing,
    const struct account *account, struct err *err)
{
	struct status *next = &list->items[list->count];

	if (list_examine(listing, next, account, err) < 0)
		return -1;
	if (listing->query->online && next->storage && !next->is_unused &&
	    list_try_online(listing, next, err) < 0)
		return -1;
	if (list_keeps(listing, next))
		list->count++;
	return 0;
}

static int list_home(struct status_list *list, struct status_listing *listing, struct err *err)
{
	const struct platform *only = listing->query->only;
	size_t count = 0;
	int result = 0;

	struct account *all = list_candidates(listing, &count, err);
	if (!all)
		return -1;
	checks_config(listing->home, &listing->config, &list->general);
	list->items = memory_resize(list->items, (list->count + count + 1) * sizeof(*list->items));
	for (size_t i = 0; i < count && result == 0; i++)
		if (!only || all[i].platform == only)
			result = status_list_add(list, listing, &all[i], err);
	toml_free(listing->config);
	free(all);
	return result;
}

int status_list(struct status_list *ret_list, const struct status_query *query, struct err *err)
{
	*ret_list = (struct status_list){0};
	checks_path(&ret_list->general);
	for (size_t i = 0; i < query->home_count; i++) {
		struct status_listing listing = {.query = query, .home = &query->homes[i]};
		if (list_home(ret_list, &listing, err) < 0) {
			status_list_clear(ret_list);
			return -1;
		}
	}
	return 0;
}

void status_list_clear(struct status_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		status_online_clear(&list->items[i].facts);
	free(list->items);
	*list = (struct status_list){0};
}
