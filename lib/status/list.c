/* The thorough half of status.h: every login, and what is wrong with it. */
#include "base/clock.h"
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
	if (status->known.rejections && status->state == STATUS_REJECTED)
		problem_add(&status->problems, "rejected", "run 'kimi login'",
		    "Kimi no longer accepts this login%s",
		    status->expires_at > clock_now() ? "; the access token is valid until it expires" : "");
}

/* After 429 or 5xx no process asks again for a while. */
static void check_wait(struct status *status)
{
	double left = state_wait_left(&status->known, clock_now());
	time_t until = (time_t)status->known.waits_until;
	char time[16] = "";
	struct tm parts;

	if (left <= 0 || !status->can_refresh)
		return;
	if (localtime_r(&until, &parts))
		strftime(time, sizeof(time), "%H:%M:%S", &parts);
	problem_add(&status->problems, "waiting", "wait, or run 'kimi refresh --force' to ask now",
	    "the server could not refresh the login, and is not asked again for %.0f s, until %s", ceil(left),
	    time);
}

static void check_clock(struct status *status)
{
	double ahead = status->known.clock_ahead;

	if (fabs(ahead) > clock_may_differ)
		problem_add(&status->problems, "clock",
		    "set the clock, for instance with 'timedatectl set-ntp true', then run 'kimi refresh "
		    "--force'",
		    "this machine's clock was %.0f s %s the server's at the last refresh", fabs(ahead),
		    ahead > 0 ? "ahead of" : "behind");
}

/* kimi-cli's logins have no note of it, but they begin with a refresh. */
static void check_age(struct status *status)
{
	double begun =
	    status->known.last_refresh > 0 ? status->known.last_refresh : status->expires_at - status->life;
	double age = clock_now() - begun;

	if ((status->state == STATUS_DUE || status->state == STATUS_EXPIRED) && status->can_refresh &&
	    status->expires_at > 0 && age > long_ago && age > 4 * status->life)
		problem_add(&status->problems, "not_refreshed",
		    "run 'kimi refresh'; if cron or a timer should do that, check that it runs",
		    "the login has not been refreshed for %.0f h", floor(age / 3600));
}

/* A migration brings the provider into the client's config, and not the login. */
static void check_migrated(struct status *status, const struct home *home, const struct toml *config)
{
	const struct toml_node *provider = config_provider(home, config, status->who.platform);
	char remedy[80];

	if (!config_dialect(home)->is_migrated || status->state != STATUS_LOGGED_OUT || status->storage ||
	    status->trouble.code != ERR_NONE || *status->who.account || !provider ||
	    !toml_member(provider, "oauth"))
		return;
	snprintf(remedy, sizeof(remedy), "run 'kimi login --client %s'", home->client->name);
	problem_add(&status->problems, "no_login", remedy,
	    "config.toml, line %zu: the provider %.60s is there, but this home has no login for it; a "
	    "migration from another client leaves it so",
	    toml_line(config, provider), toml_key(provider, NULL));
}

/* Credentials of another slot are there, but neither the client nor our commands look at them. */
static void check_hosts(struct status *status, const struct home *home)
{
	const struct identity *who = &status->who;
	struct identity current;
	char remedy[80] = "run 'kimi logout --all' if you do not need it";

	status->is_unused = !*who->account && status->storage &&
	                    identity_find(&current, home, who->platform->id, "", NULL) == 0 &&
	                    strcmp(current.key, who->key) != 0;
	if (!status->is_unused)
		return;
	if (who->region)
		snprintf(remedy, sizeof(remedy), "to use it, run 'kimi login --client %s --region %s'",
		    home->client->name, who->region->name);
	problem_add(&status->problems, "other_region", remedy,
	    "no command uses this login: config.toml or the environment names other hosts");
}

/* What is left in the place of the refresh lock stops kimi-code, too. */
static void check_lock(struct status *status, const struct home *home)
{
	const char *key = status->who.key;
	struct err err;

	if (home->client->lock == CLIENT_LOCK_DIRECTORY && *key && status->storage &&
	    dir_lock_check(home, strchr(key, '/') + 1, &err) < 0)
		problem_add_err(&status->problems, "lock", &err);
}

static void add_default_model(struct status *status, const struct home *home, const struct toml *config)
{
	const char *model = config_default_model(config);

	if (model && config_default_platform(home, config) == status->who.platform)
		snprintf(status->default_model, sizeof(status->default_model), "%s", model);
}

static int list_examine(struct status *status, const struct home *home, const struct toml *config,
    const struct identity *who, struct err *err)
{
	if (status_look(status, home, who, true, err) < 0)
		return -1;
	if (status->state == STATUS_LOGGED_OUT && !status->storage && !*who->account &&
	    identity_is_configured(who, home) && config_api_key(home, config, who->platform)) {
		status->state = STATUS_FRESH;
		status->storage = "config";
	}
	check_rejection(status);
	check_wait(status);
	check_clock(status);
	check_age(status);
	check_migrated(status, home, config);
	check_hosts(status, home);
	check_lock(status, home);
	add_default_model(status, home, config);
	return 0;
}

/* The request may have renewed the login, or found out that it is rejected. */
static int try_online(
    struct status *status, const struct home *home, const struct toml *config, struct err *err)
{
	const struct identity who = status->who;
	struct err why = {0};
	struct online facts;
	int failed = status_ask_online(home, &who, &facts, &why);

	if (why.code == ERR_INTERRUPTED)
		*err = why;
	if (why.code == ERR_INTERRUPTED || list_examine(status, home, config, &who, err) < 0) {
		status_online_clear(&facts);
		return -1;
	}
	status->online = failed ? STATUS_OFFLINE : STATUS_ONLINE;
	status->facts = facts;
	if (failed)
		problem_add_err(&status->problems, NULL, &why);
	return 0;
}

/* Which ones to look at: those with tokens, then the platforms that have keys alone. NULL: *err. */
static struct identity *status_candidates(const struct home *home, const struct platform *only,
    const char *account, size_t *ret_count, struct err *err)
{
	struct identity *list;

	if (account) {
		*ret_count = 1;
		list = malloc(sizeof(*list));
		if (!list) {
			err_memory(err);
		} else if (identity_find(list, home, only ? only->id : NULL, account, err) < 0) {
			free(list);
			list = NULL;
		} else {
			identity_locate_account(list, home);
		}
		return list;
	}
	return identity_list_all(home, ret_count, err);
}

static bool list_is_asked_for(const struct status *status, const struct platform *only, const char *account)
{
	return account || (only && !*status->who.account);
}

static bool list_is_there(const struct status *status)
{
	return status->state != STATUS_LOGGED_OUT || status->problems.count;
}

/* Looks at one login, at the end of the list; it is kept if there is one, or if it was asked for. */
static int list_look(struct status_list *list, const struct home *home, const struct toml *config,
    const struct identity *who, bool online, struct err *err)
{
	struct status *next = &list->items[list->count];

	if (list_examine(next, home, config, who, err) < 0)
		return -1;
	if (online && next->storage && !next->is_unused)
		return try_online(next, home, config, err);
	return 0;
}

static int list_home(struct status_list *list, const struct home *home, const struct platform *only,
    const char *account, bool online, struct err *err)
{
	struct toml *config = NULL;
	size_t count = 0, first = list->count;
	int result = -1;

	struct identity *all = status_candidates(home, only, account, &count, err);
	if (!all)
		return -1;
	surroundings_check(home, &config, &list->general);
	struct status *items = reallocarray(list->items, list->count + count + 1, sizeof(*items));
	if (!items) {
		err_memory(err);
		goto out;
	}
	list->items = items;
	for (size_t i = 0; i < count; i++) {
		struct status *next = &list->items[list->count];
		if (only && all[i].platform != only)
			continue;
		if (list_look(list, home, config, &all[i], online, err) < 0)
			goto out;
		for (size_t j = 0; j < next->problems.count; j++)
			identity_advise(&next->who, next->problems.items[j].remedy,
			    sizeof(next->problems.items[j].remedy));
		/* Of several homes without the login that was asked for, the first one says so. */
		if (list_is_there(next) || (list_is_asked_for(next, only, account) && first == 0))
			list->count++;
	}
	result = 0;
out:
	toml_free(config);
	free(all);
	return result;
}

int status_list(struct status_list *ret_list, const struct home homes[], size_t home_count,
    const struct platform *only, const char *account, bool online, struct err *err)
{
	*ret_list = (struct status_list){0};
	surroundings_check_path(&ret_list->general);
	for (size_t i = 0; i < home_count; i++) {
		if (list_home(ret_list, &homes[i], only, account, online, err) < 0) {
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
