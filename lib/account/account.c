#include "account/account.h"

#include "base/env.h"
#include "base/newfile.h"
#include "base/text.h"
#include "home/slot.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A name is part of file names and messages: letters, digits and the signs of mail addresses. */
static bool is_account_name(const char *name)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+-";

	return *name && *name != '.' && strlen(name) < ACCOUNT_NAME_MAX - 16 && !strstr(name, "..") &&
	       strspn(name, usual) == strlen(name);
}

void account_title(const struct account *account, char ret_name[ACCOUNT_TITLE_MAX])
{
	const char *joint = "";

	if (*account->name)
		joint = ", account ";
	snprintf(ret_name, ACCOUNT_TITLE_MAX, "%s%s%s", account->platform->name, joint, account->name);
}

void account_title_with_region(const struct account *account, char ret_title[ACCOUNT_TITLE_MAX])
{
	account_title(account, ret_title);
	if (!account->home->client->has_slots || !account->region)
		return;
	size_t len = strlen(ret_title);
	snprintf(ret_title + len, ACCOUNT_TITLE_MAX - len, " (%s)", account->region->site);
}

int account_select(struct account *ret_account, const char *platform_id, const char *account, struct err *err)
{
	const struct platform *platform = platform_find(platform_id, err);
	const char *usual = env_get("KIMI_ACCOUNT");

	if (!platform)
		return -1;
	if (account && *account && !platform->oauth_key)
		return err_set(err, ERR_USAGE, "leave out --account", "%s has no accounts, only an API key",
		    platform->id);
	if (!account)
		account = platform->oauth_key && usual ? usual : "";
	if (*account && !is_account_name(account))
		return err_set(err, ERR_USAGE, "use letters, digits and @ . _ + -",
		    "'%.80s' is not a valid account name", account);
	*ret_account = (struct account){.platform = platform};
	snprintf(ret_account->name, sizeof(ret_account->name), "%s", account);
	return 0;
}

/* Sets the key: "oauth/NAME", or "oauth/NAME@ACCOUNT". */
static void account_set_key(struct account *account)
{
	char slot[SLOT_MAX];
	const char *prefix = account->platform->oauth_key, *name = "", *joint = "";

	if (!prefix)
		return;
	if (account->home->client->has_slots) {
		slot_name(account->oauth_host, account->base_url, slot);
		prefix = "oauth/";
		name = slot;
	}
	if (*account->name)
		joint = "@";
	text_join(account->key, sizeof(account->key),
	    (const char *const[]){prefix, name, joint, account->name, NULL});
}

int account_locate(struct account *account, const struct home *home, struct err *err)
{
	const struct platform *platform = account->platform;
	const char *oauth_host = NULL, *base_url = NULL;

	account->home = home;
	/* Like kimi-code: if the environment sets a host, the configured OAuth host is ignored. */
	if (platform->oauth_key && !platform_hosts_are_set(platform))
		oauth_host = home->oauth_host;
	if (platform->oauth_key)
		base_url = home->base_url;
	if (platform_oauth_host(platform, oauth_host, account->oauth_host, err) < 0 ||
	    platform_base_url(platform, base_url, account->base_url, err) < 0)
		return -1;
	account->region = platform_region_of(platform, account->oauth_host, account->base_url);
	account_set_key(account);
	return 0;
}

int account_find(struct account *ret_account, const struct home *home, const char *platform_id,
    const char *account, struct err *err)
{
	if (account_select(ret_account, platform_id, account, err) < 0)
		return -1;
	return account_locate(ret_account, home, err);
}

const char *account_option(const struct account *account, char ret_option[ACCOUNT_OPTION_MAX])
{
	size_t len = 0;

	*ret_option = '\0';
	if (account->home && home_needs_option(account->home->client))
		len = (size_t)snprintf(
		    ret_option, ACCOUNT_OPTION_MAX, " --client %s", account->home->client->name);
	if (account->platform != platforms)
		len += (size_t)snprintf(
		    ret_option + len, ACCOUNT_OPTION_MAX - len, " --platform %s", account->platform->id);
	if (*account->name)
		snprintf(ret_option + len, ACCOUNT_OPTION_MAX - len, " --account %s", account->name);
	return ret_option;
}

const char *account_login_hint(const struct account *account, char ret_hint[ACCOUNT_HINT_MAX])
{
	char option[ACCOUNT_OPTION_MAX];

	snprintf(ret_hint, ACCOUNT_HINT_MAX, "run 'kimi login%s'", account_option(account, option));
	return ret_hint;
}

int account_needs_login(
    const struct account *account, enum err_code code, struct err *err, const char *format, ...)
{
	char what[sizeof(err->what)], hint[ACCOUNT_HINT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return err_set(err, code, account_login_hint(account, hint), "%s", what);
}

int account_not_logged_in(const struct account *account, struct err *err)
{
	return account_needs_login(
	    account, ERR_LOGIN_REQUIRED, err, "not logged in to %s", account->platform->name);
}

/* Reads the account from a file name NAME@ACCOUNT.json or .state, with the NAME of the key. */
static bool account_of_file(const char *key, const char *file, char ret_account[ACCOUNT_NAME_MAX])
{
	const char *name = strchr(key, '/') + 1;
	size_t len = strlen(name), target_len = newfile_target_len(file);
	char target[NAME_MAX + 1];

	/* A temporary file, left by a killed login, belongs to the same account. */
	if (target_len) {
		snprintf(target, sizeof(target), "%.*s", (int)target_len, file + 1);
		file = target;
	}
	const char *dot = strrchr(file, '.');
	if (!dot || (strcmp(dot, ".json") != 0 && strcmp(dot, ".state") != 0) ||
	    strncmp(file, name, len) != 0 || file[len] != '@' || dot - file - len - 1 >= ACCOUNT_NAME_MAX)
		return false;
	snprintf(ret_account, ACCOUNT_NAME_MAX, "%.*s", (int)(dot - file - len - 1), file + len + 1);
	return is_account_name(ret_account);
}

struct account_list_builder {
	struct account *items;
	size_t count, capacity;
	bool failed;
};

static void account_list_add(struct account_list_builder *list, const struct account *account)
{
	for (size_t i = 0; i < list->count && *account->key; i++)
		if (strcmp(list->items[i].key, account->key) == 0)
			return;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 8;
		struct account *items = reallocarray(list->items, capacity, sizeof(*items));
		if (!items) {
			list->failed = true;
			return;
		}
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = *account;
}

static int by_account(const void *a, const void *b)
{
	return strcmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

/* Adds the accounts that are stored next to a default account, sorted by name. */
static void list_add_accounts(struct account_list_builder *list, const struct account *plain)
{
	char directory[HOME_PATH_MAX];
	struct account account = *plain;
	size_t first = list->count;

	home_path(plain->home, HOME_CREDENTIALS, directory);
	DIR *dir = opendir(directory);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!account_of_file(plain->key, entry->d_name, account.name))
			continue;
		account_set_key(&account);
		account_list_add(list, &account);
	}
	if (dir)
		closedir(dir);
	if (!list->failed)
		qsort(list->items + first, list->count - first, sizeof(*list->items), by_account);
}

bool account_is_stored(const struct account *account)
{
	const struct home *home = account->home;
	char path[HOME_PATH_MAX];

	if (!*account->key)
		return false;
	const char *name = strchr(account->key, '/') + 1;
	home_credentials_file(home, name, "json", path);
	if (access(path, F_OK) == 0)
		return true;
	home_credentials_file(home, name, "state", path);
	return home->client->has_keyring && access(path, F_OK) == 0;
}

static void account_set_hosts(struct account *account, const char *oauth_host, const char *base_url)
{
	snprintf(account->oauth_host, sizeof(account->oauth_host), "%s", oauth_host);
	snprintf(account->base_url, sizeof(account->base_url), "%s", base_url);
	account->region = platform_region_of(account->platform, oauth_host, base_url);
	account_set_key(account);
}

void account_set_region(struct account *account, const struct region *region)
{
	account_set_hosts(account, region->oauth_host, region->base_url);
}

/* Sets the hosts of the config, else the built-in ones. Ignores the environment. */
static void account_set_configured_hosts(struct account *account)
{
	const char *oauth_host = account->platform->oauth_host, *base_url = account->platform->base_url;

	if (*account->home->oauth_host)
		oauth_host = account->home->oauth_host;
	if (*account->home->base_url)
		base_url = account->home->base_url;
	account_set_hosts(account, oauth_host, base_url);
}

/* Adds stored logins of other hosts in a home with slots: of the configured hosts and of each region. */
static void list_add_hosts(
    struct account_list_builder *list, const struct home *home, const struct platform *platform)
{
	struct account account = {.platform = platform, .home = home};

	account_set_configured_hosts(&account);
	for (const struct region *r = platform->regions;; r++) {
		if (account_is_stored(&account))
			account_list_add(list, &account);
		list_add_accounts(list, &account);
		if (!r || !r->name)
			break;
		account_set_region(&account, r);
	}
}

static int list_add_tokens(struct account_list_builder *list, const struct home *home, struct err *err)
{
	for (const struct platform *p = platforms; p->id; p++) {
		struct account plain = {.platform = p};
		if (!p->oauth_key)
			continue;
		if (account_locate(&plain, home, err) < 0)
			return -1;
		account_list_add(list, &plain);
		list_add_accounts(list, &plain);
		if (home->client->has_slots)
			list_add_hosts(list, home, p);
	}
	return 0;
}

static void list_add_keys(struct account_list_builder *list, const struct home *home)
{
	struct account account;

	for (const struct platform *p = platforms; p->id; p++)
		if (!p->oauth_key && account_find(&account, home, p->id, "", NULL) == 0)
			account_list_add(list, &account);
}

/* Reads the key from a file name like kimi-code-env-0123456789abcdef@work.json. */
static bool account_of_slot_file(struct account *account, const char *file)
{
	static const char mark[] = "-env-", hexadecimal[] = "0123456789abcdef";
	const char *name = strchr(account->platform->oauth_key, '/') + 1, *dot = strrchr(file, '.');
	size_t len = strlen(name), mark_len = strlen(mark);

	if (!dot || strcmp(dot, ".json") != 0 || strncmp(file, name, len) != 0 ||
	    strncmp(file + len, mark, mark_len) != 0 || strspn(file + len + mark_len, hexadecimal) != 16)
		return false;
	const char *rest = file + len + mark_len + 16;
	size_t name_len = rest < dot ? (size_t)(dot - rest - 1) : 0;
	if ((rest != dot && *rest != '@') || name_len >= sizeof(account->name))
		return false;
	snprintf(account->name, sizeof(account->name), "%.*s", (int)name_len, rest + 1);
	snprintf(account->key, sizeof(account->key), "oauth/%.*s", (int)(dot - file), file);
	return rest == dot || is_account_name(account->name);
}

static void list_add_slots(struct account_list_builder *list, const struct home *home)
{
	char directory[HOME_PATH_MAX];

	home_path(home, HOME_CREDENTIALS, directory);
	DIR *dir = opendir(directory);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct account account = {.platform = &platforms[0], .home = home};
		if (account_of_slot_file(&account, entry->d_name))
			account_list_add(list, &account);
	}
	if (dir)
		closedir(dir);
}

struct account *account_list(
    const struct home *home, enum account_scope scope, size_t *ret_count, struct err *err)
{
	struct account_list_builder list = {0};
	int result = list_add_tokens(&list, home, err);

	if (result == 0 && scope >= ACCOUNTS_ALL)
		list_add_keys(&list, home);
	if (result == 0 && scope >= ACCOUNTS_STORED && home->client->has_slots)
		list_add_slots(&list, home);
	if (list.failed)
		result = err_memory(err);
	if (result < 0) {
		free(list.items);
		return NULL;
	}
	*ret_count = list.count;
	return list.items;
}

/* Whether the config names the hosts of another login, which is *ret_configured then. */
static bool account_configured_other(const struct account *account, struct account *ret_configured)
{
	if (!account->home->client->has_slots || !*account->key)
		return false;
	*ret_configured = *account;
	account_set_configured_hosts(ret_configured);
	return strcmp(ret_configured->key, account->key) != 0;
}

bool account_is_configured(const struct account *account)
{
	struct account other;

	return platform_hosts_are_set(account->platform) || !account_configured_other(account, &other);
}

bool account_is_other_configured(const struct account *account)
{
	struct account other;

	return account_configured_other(account, &other) && account_is_stored(&other);
}

void account_find_region(struct account *account)
{
	const struct region *region = account->platform->regions;
	struct account there = *account;

	if (!*account->name || !account->home->client->has_slots ||
	    platform_hosts_are_set(account->platform) || account_is_stored(account))
		return;
	for (; region && region->name; region++) {
		account_set_region(&there, region);
		if (account_is_stored(&there)) {
			*account = there;
			return;
		}
	}
}
