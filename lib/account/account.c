#include "account/account.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Part of a file name and of messages: letters, digits and what mail addresses are made of. */
static bool is_account_name(const char *name)
{
	static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+-";

	return *name && *name != '.' && strlen(name) < IDENTITY_ACCOUNT_MAX - 16 && !strstr(name, "..") &&
	       strspn(name, usual) == strlen(name);
}

static void fill(struct identity *identity, const struct platform *platform, const char *account)
{
	*identity = (struct identity){.platform = platform};
	text_join(identity->account, sizeof(identity->account), (const char *const[]){account, NULL});
	if (platform->oauth_key)
		text_join(identity->key, sizeof(identity->key),
		    (const char *const[]){platform->oauth_key, *account ? "@" : "", account, NULL});
}

int identity_find(
    struct identity *ret_identity, const char *platform_id, const char *account, struct err *err)
{
	const struct platform *platform = platform_find(platform_id, err);
	const char *usual = env_get("KIMI_ACCOUNT");

	if (!platform)
		return -1;
	if (!account)
		account = platform->oauth_key && usual ? usual : "";
	else if (*account && !platform->oauth_key)
		return err_set(
		    err, ERR_USAGE, "leave out --account", "%s has no accounts, only a key", platform->id);
	if (*account && !is_account_name(account))
		return err_set(err, ERR_USAGE, "use letters, digits and @ . _ + -",
		    "'%.80s' cannot be the name of an account", account);
	fill(ret_identity, platform, account);
	return 0;
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

/* The account of a file NAME@ACCOUNT.json or .state, where NAME is that of the platform's key. */
static bool account_of_file(
    const struct platform *platform, const char *file, char ret_account[IDENTITY_ACCOUNT_MAX])
{
	const char *name = strchr(platform->oauth_key, '/') + 1, *dot = strrchr(file, '.');
	size_t len = strlen(name);

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

static void add(struct list *list, const struct platform *platform, const char *account)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].platform == platform && strcmp(list->items[i].account, account) == 0)
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
	fill(&list->items[list->count++], platform, account);
}

static int by_account(const void *a, const void *b)
{
	return strcmp(((const struct identity *)a)->account, ((const struct identity *)b)->account);
}

static void add_platform(struct list *list, const struct home *home, const struct platform *platform)
{
	char folder[HOME_PATH_MAX], account[IDENTITY_ACCOUNT_MAX];
	size_t first = list->count;

	add(list, platform, "");
	home_credentials_folder(home, folder);
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (account_of_file(platform, entry->d_name, account))
			add(list, platform, account);
	if (dir)
		closedir(dir);
	if (!list->failed)
		qsort(list->items + first, list->count - first, sizeof(*list->items), by_account);
}

struct identity *identity_list(const struct home *home, size_t *ret_count)
{
	struct list list = {0};

	for (const struct platform *p = platforms; p->id; p++)
		if (p->oauth_key)
			add_platform(&list, home, p);
	if (list.failed) {
		free(list.items);
		return NULL;
	}
	*ret_count = list.count;
	return list.items;
}
