#include "account/account.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/file.h"
#include "base/text.h"
#include "home/slot.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Part of a file name and of messages: letters, digits and what mail addresses are made of. */
static bool is_account_name(const char *name)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+-";

	return *name && *name != '.' && strlen(name) < IDENTITY_ACCOUNT_MAX - 16 && !strstr(name, "..") &&
	       strspn(name, usual) == strlen(name);
}

int identity_select(
    struct identity *ret_identity, const char *platform_id, const char *account, struct err *err)
{
	const struct platform *platform = platform_find(platform_id, err);
	const char *usual = env_get("KIMI_ACCOUNT");

	if (!platform)
		return -1;
	if (account && *account && !platform->oauth_key)
		return err_set(
		    err, ERR_USAGE, "leave out --account", "%s has no accounts, only a key", platform->id);
	if (!account)
		account = platform->oauth_key && usual ? usual : "";
	if (*account && !is_account_name(account))
		return err_set(err, ERR_USAGE, "use letters, digits and @ . _ + -",
		    "'%.80s' cannot be the name of an account", account);
	*ret_identity = (struct identity){.platform = platform};
	snprintf(ret_identity->account, sizeof(ret_identity->account), "%s", account);
	return 0;
}

/* "oauth/NAME", with the account behind it. */
static void identity_set_key(struct identity *who, const struct home *home)
{
	char slot[SLOT_MAX];
	const char *prefix = who->platform->oauth_key, *name = "", *joint = "";

	if (!prefix)
		return;
	if (home->client->has_slots) {
		slot_name(who->oauth_host, who->base_url, slot);
		prefix = "oauth/";
		name = slot;
	}
	if (*who->account)
		joint = "@";
	text_join(who->key, sizeof(who->key), (const char *const[]){prefix, name, joint, who->account, NULL});
}

int identity_locate(struct identity *who, const struct home *home, struct err *err)
{
	const struct platform *platform = who->platform;
	const char *oauth_host = NULL, *base_url = NULL;

	/* As kimi-code has it: once the environment sets a host, the configured OAuth host is not asked. */
	if (platform->oauth_key && !platform_hosts_are_set(platform))
		oauth_host = home->oauth_host;
	if (platform->oauth_key)
		base_url = home->base_url;
	if (platform_oauth_host(platform, oauth_host, who->oauth_host, err) < 0 ||
	    platform_base_url(platform, base_url, who->base_url, err) < 0)
		return -1;
	who->region = platform_region_of(platform, who->oauth_host, who->base_url);
	identity_set_key(who, home);
	return 0;
}

int identity_find(struct identity *ret_identity, const struct home *home, const char *platform_id,
    const char *account, struct err *err)
{
	if (identity_select(ret_identity, platform_id, account, err) < 0)
		return -1;
	return identity_locate(ret_identity, home, err);
}

void identity_advise(const struct identity *who, char *todo, size_t size)
{
	static const char option[] = " --account ", command[] = "'kimi ";
	const char *at = todo, *found;
	struct buf out;

	if (!*who->account || strstr(todo, option))
		return;
	buf_init(&out, size - 1);
	while ((found = strstr(at, command))) {
		found += strlen(command);
		found += strcspn(found, " '");
		buf_add(&out, at, (size_t)(found - at));
		buf_addf(&out, "%s%s", option, who->account);
		at = found;
	}
	buf_addstr(&out, at);
	if (!out.failed)
		memcpy(todo, out.data, out.len + 1);
	buf_release(&out);
}

/* The account of a file NAME@ACCOUNT.json or .state, where NAME is that of the key. */
static bool account_of_file(const char *key, const char *file, char ret_account[IDENTITY_ACCOUNT_MAX])
{
	const char *name = strchr(key, '/') + 1;
	size_t len = strlen(name), target_len = newfile_target_len(file);
	char target[NAME_MAX + 1];

	/* What a killed login left behind is of that account, too. */
	if (target_len) {
		snprintf(target, sizeof(target), "%.*s", (int)target_len, file + 1);
		file = target;
	}
	const char *dot = strrchr(file, '.');
	if (!dot || (strcmp(dot, ".json") != 0 && strcmp(dot, ".state") != 0) ||
	    strncmp(file, name, len) != 0 || file[len] != '@' || dot - file - len - 1 >= IDENTITY_ACCOUNT_MAX)
		return false;
	snprintf(ret_account, IDENTITY_ACCOUNT_MAX, "%.*s", (int)(dot - file - len - 1), file + len + 1);
	return is_account_name(ret_account);
}

struct list {
	struct identity *items;
	size_t count, room;
	bool failed;
};

static void list_add(struct list *list, const struct identity *who)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].key, who->key) == 0)
			return;
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		struct identity *items = reallocarray(list->items, room, sizeof(*items));
		if (!items) {
			list->failed = true;
			return;
		}
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = *who;
}

static int by_account(const void *a, const void *b)
{
	return strcmp(((const struct identity *)a)->account, ((const struct identity *)b)->account);
}

/* The accounts beside a plain login. */
static void list_add_accounts(struct list *list, const struct home *home, const struct identity *plain)
{
	char folder[HOME_PATH_MAX];
	struct identity who = *plain;
	size_t first = list->count;

	home_credentials_folder(home, folder);
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!account_of_file(plain->key, entry->d_name, who.account))
			continue;
		identity_set_key(&who, home);
		list_add(list, &who);
	}
	if (dir)
		closedir(dir);
	if (!list->failed)
		qsort(list->items + first, list->count - first, sizeof(*list->items), by_account);
}

/* Its tokens are there, or may be in the keyring. */
static bool account_is_stored(const struct home *home, const char *key)
{
	const char *name = strchr(key, '/') + 1;
	char path[HOME_PATH_MAX];

	home_credentials_file(home, name, "json", path);
	if (access(path, F_OK) == 0)
		return true;
	home_credentials_file(home, name, "state", path);
	return home->client->has_keyring && access(path, F_OK) == 0;
}

static void identity_set_hosts(
    struct identity *who, const struct home *home, const char *oauth_host, const char *base_url)
{
	snprintf(who->oauth_host, sizeof(who->oauth_host), "%s", oauth_host);
	snprintf(who->base_url, sizeof(who->base_url), "%s", base_url);
	who->region = platform_region_of(who->platform, oauth_host, base_url);
	identity_set_key(who, home);
}

/* The hosts of the config, or the shipped ones; the environment is not read. */
static void identity_set_configured_hosts(struct identity *who, const struct home *home)
{
	const char *oauth_host = who->platform->oauth_host, *base_url = who->platform->base_url;

	if (*home->oauth_host)
		oauth_host = home->oauth_host;
	if (*home->base_url)
		base_url = home->base_url;
	identity_set_hosts(who, home, oauth_host, base_url);
}

/* The logins of other hosts that lie in a home with slots: those that its config names, and the regions'. */
static void list_add_hosts(struct list *list, const struct home *home, const struct platform *platform)
{
	struct identity who = {.platform = platform};

	identity_set_configured_hosts(&who, home);
	for (const struct region *r = platform->regions;; r++) {
		if (account_is_stored(home, who.key)) {
			list_add(list, &who);
			list_add_accounts(list, home, &who);
		}
		if (!r || !r->name)
			break;
		identity_set_hosts(&who, home, r->oauth_host, r->base_url);
	}
}

struct identity *identity_list(const struct home *home, size_t *ret_count, struct err *err)
{
	struct list list = {0};
	int result = 0;

	for (const struct platform *p = platforms; p->id && result == 0; p++) {
		struct identity plain = {.platform = p};
		if (!p->oauth_key)
			continue;
		result = identity_locate(&plain, home, err);
		if (result < 0)
			break;
		list_add(&list, &plain);
		list_add_accounts(&list, home, &plain);
		if (home->client->has_slots)
			list_add_hosts(&list, home, p);
	}
	if (list.failed)
		result = err_memory(err);
	if (result < 0) {
		free(list.items);
		return NULL;
	}
	*ret_count = list.count;
	return list.items;
}

struct identity *identity_list_all(const struct home *home, size_t *ret_count, struct err *err)
{
	struct identity *list = identity_list(home, ret_count, err), *longer;

	if (!list)
		return NULL;
	longer = reallocarray(list, *ret_count + PLATFORMS_MAX, sizeof(*list));
	if (!longer) {
		free(list);
		err_memory(err);
		return NULL;
	}
	for (const struct platform *p = platforms; p->id; p++)
		if (!p->oauth_key && identity_find(&longer[*ret_count], home, p->id, "", NULL) == 0)
			(*ret_count)++;
	return longer;
}

bool identity_is_stored(const struct identity *who, const struct home *home)
{
	return *who->key && account_is_stored(home, who->key);
}

bool identity_is_configured(const struct identity *who, const struct home *home)
{
	struct identity configured = *who;

	if (!home->client->has_slots || !*who->key || platform_hosts_are_set(who->platform))
		return true;
	identity_set_configured_hosts(&configured, home);
	return strcmp(configured.key, who->key) == 0;
}

bool identity_is_other_configured(const struct identity *who, const struct home *home)
{
	struct identity configured = *who;

	if (!home->client->has_slots || !*who->key)
		return false;
	identity_set_configured_hosts(&configured, home);
	return strcmp(configured.key, who->key) != 0 && account_is_stored(home, configured.key);
}

void identity_locate_account(struct identity *who, const struct home *home)
{
	const struct region *region = who->platform->regions;
	struct identity there = *who;

	if (!*who->account || !home->client->has_slots || platform_hosts_are_set(who->platform) ||
	    account_is_stored(home, who->key))
		return;
	for (; region && region->name; region++) {
		identity_set_hosts(&there, home, region->oauth_host, region->base_url);
		if (account_is_stored(home, there.key)) {
			*who = there;
			return;
		}
	}
}
