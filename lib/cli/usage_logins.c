#include "cli/usage_logins.h"

#include "api/usage_fetch.h"
#include "base/memory.h"
#include "config/file.h"

#include <stdlib.h>

bool usage_login_is_missing(const struct usage_login *login)
{
	return login->failed && login->err.code == ERR_LOGIN_REQUIRED;
}

/* The login that the options mean. */
static int usage_logins_select(
    struct usage_logins *logins, const struct usage_options *options, struct err *err)
{
	struct context context;

	logins->items = memory_take_zeroed(1, sizeof(*logins->items));
	if (context_open(&context, &options->login, err) < 0)
		return -1;
	logins->homes[0] = context.home;
	logins->items[0].account = context.account;
	logins->items[0].account.home = &logins->homes[0];
	logins->count = 1;
	return 0;
}

static int usage_logins_add_home(
    struct usage_logins *logins, const struct home *home, const struct platform *only, struct err *err)
{
	size_t count;
	struct account *list = account_list(home, ACCOUNTS_ALL, &count, err);

	if (!list)
		return -1;
	logins->items = memory_resize(logins->items, (logins->count + count + 1) * sizeof(*logins->items));
	for (size_t i = 0; i < count; i++)
		if (!only || list[i].platform == only)
			logins->items[logins->count++] =
			    (struct usage_login){.account = list[i], .among_others = true};
	free(list);
	return 0;
}

static int usage_logins_list(
    struct usage_logins *logins, const struct usage_options *options, struct err *err)
{
	const struct login_options *login = &options->login;
	const struct platform *only = NULL;
	size_t home_count;

	if (login->platform && !(only = platform_find(login->platform, err)))
		return -1;
	if (context_homes(logins->homes, &home_count, login, err) < 0)
		return -1;
	for (size_t i = 0; i < home_count; i++)
		if (usage_logins_add_home(logins, &logins->homes[i], only, err) < 0)
			return -1;
	return 0;
}

/* Leaves out platforms without a login. If nothing is stored, tries KIMI_API_KEY for Kimi Code. */
static void usage_logins_drop_missing(struct usage_logins *logins, double max_age)
{
	size_t kept = 0;

	for (size_t i = 0; i < logins->count; i++)
		if (!usage_login_is_missing(&logins->items[i]))
			logins->items[kept++] = logins->items[i];
	logins->count = kept;
	if (kept)
		return;
	logins->count = 1;
	logins->items[0].among_others = false;
	usage_fetch(logins->items, 1, max_age);
}

/* Like kimi token: without a login, uses the platform of the default model, then KIMI_API_KEY. */
static int usage_logins_ask_one(
    struct usage_logins *logins, const struct usage_options *options, struct err *err)
{
	struct usage_login *login = &logins->items[0];
	const struct platform *other = NULL;

	if (!options->login.platform && !*login->account.name)
		other = config_default_platform_at(login->account.home);
	if (other == login->account.platform)
		other = NULL;
	login->among_others = other != NULL;
	usage_fetch(login, 1, options->max_age);
	if (!other || !usage_login_is_missing(login))
		return 0;
	login->among_others = false;
	if (account_find(&login->account, login->account.home, other->id, "", err) < 0)
		return -1;
	usage_fetch(login, 1, options->max_age);
	return 0;
}

int usage_logins_ask(struct usage_logins *logins, const struct usage_options *options, struct err *err)
{
	*logins = (struct usage_logins){0};
	if (!options->all) {
		if (usage_logins_select(logins, options, err) < 0)
			return -1;
		return usage_logins_ask_one(logins, options, err);
	}
	if (usage_logins_list(logins, options, err) < 0)
		return -1;
	usage_fetch(logins->items, logins->count, options->max_age);
	usage_logins_drop_missing(logins, options->max_age);
	return 0;
}

const struct usage_login *usage_logins_failed(const struct usage_logins *logins)
{
	const struct usage_login *first = NULL;

	for (size_t i = 0; i < logins->count; i++) {
		const struct usage_login *login = &logins->items[i];
		if (login->failed && login->err.code == ERR_INTERRUPTED)
			return login;
		if (login->failed && !first)
			first = login;
	}
	return first;
}

void usage_logins_clear(struct usage_logins *logins)
{
	free(logins->items);
	logins->items = NULL;
	logins->count = 0;
}
