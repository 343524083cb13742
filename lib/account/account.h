/*
 * account: the login that a command means.
 *
 * A login belongs to a platform. On a platform with tokens it can have an account
 * name: the tokens of account NAME are stored under the key oauth/kimi-code@NAME.
 * The login without a name is the default account. It is shared with the chat
 * client, and the only one that is written to its config.
 */
#ifndef KIMI_ACCOUNT_ACCOUNT_H
#define KIMI_ACCOUNT_ACCOUNT_H

#include "account/platform.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>
#include <stddef.h>

enum { ACCOUNT_NAME_MAX = 80, ACCOUNT_KEY_MAX = 128 };

struct account {
	const struct platform *platform;
	char name[ACCOUNT_NAME_MAX]; /* "": the default account */
	/* Filled in by account_locate(): */
	const struct home *home;           /* that it is in; borrowed */
	char key[ACCOUNT_KEY_MAX];         /* of its tokens; "": the platform has only API keys */
	char oauth_host[PLATFORM_URL_MAX]; /* "": likewise */
	char base_url[PLATFORM_URL_MAX];
	const struct region *region; /* with these hosts; NULL: no region of the platform has them */
};

enum { ACCOUNT_TITLE_MAX = ACCOUNT_NAME_MAX + 80 };

/* The name in messages: "Kimi Code", "Kimi Code, account work". */
void account_title(const struct account *account, char ret_name[ACCOUNT_TITLE_MAX]);

/* The same with the region, if the home can have logins in several: "Kimi Code (kimi.ai)". */
void account_title_with_region(const struct account *account, char ret_title[ACCOUNT_TITLE_MAX]);

/*
 * Selects a login by its options. NULL means that an option was not given: the first
 * platform, and the account in $KIMI_ACCOUNT. -1 ERR_USAGE: unknown platform, invalid
 * name, or an account for a platform that has only API keys.
 */
int account_select(
    struct account *ret_account, const char *platform_id, const char *account, struct err *err);

/*
 * Finds the login in a home, which must outlive it: sets its hosts (from the environment, else
 * the home's config, else built in), region and key. In a home with slots the key depends on the
 * hosts. -1 ERR_CONFIG: a URL is too long. All functions below are for an account with a home.
 */
int account_locate(struct account *account, const struct home *home, struct err *err);

/*
 * Finds the region of an account, since the config names only the hosts of the default account:
 * the first region that has it stored. Call it after account_locate().
 */
void account_find_region(struct account *account);

/* Sets its hosts to those of a region of its platform, regardless of the environment. */
void account_set_region(struct account *account, const struct region *region);

/* account_select() and account_locate(). */
int account_find(struct account *ret_account, const struct home *home, const char *platform_id,
    const char *account, struct err *err);

enum { ACCOUNT_OPTION_MAX = ACCOUNT_NAME_MAX + 72, ACCOUNT_HINT_MAX = ACCOUNT_OPTION_MAX + 160 };

/*
 * The options that mean this login, for commands in messages, with a space before each:
 * " --account work", " --platform ID", and " --client NAME" if a command without it may
 * choose another home; "" for the default. Returns ret_option.
 */
const char *account_option(const struct account *account, char ret_option[ACCOUNT_OPTION_MAX]);

/* "run 'kimi login --account work'". Returns ret_hint. */
const char *account_login_hint(const struct account *account, char ret_hint[ACCOUNT_HINT_MAX]);

/* An error with that hint: only a new login helps. Returns -1. */
int account_needs_login(const struct account *account, enum err_code code, struct err *err,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ERR_LOGIN_REQUIRED "not logged in to Kimi Code", with the command that logs in. Returns -1. */
int account_not_logged_in(const struct account *account, struct err *err);

/* Each one includes those above it, which come first in the list. */
enum account_scope {
	/*
	 * For each platform that has tokens: the default account (always), its accounts by name,
	 * and in a home with slots the stored logins of other hosts.
	 */
	ACCOUNTS_WITH_TOKENS,
	ACCOUNTS_ALL, /* the platforms that have only API keys */
	/*
	 * Stored logins of hosts that nothing names any more. Only their keys are known, so they
	 * are good for a logout only.
	 */
	ACCOUNTS_STORED,
};

/*
 * Lists logins, by the files in the credentials directory of the home. The caller frees the
 * list. NULL: ERR_CONFIG, or no memory (ERR_BUSY).
 */
struct account *account_list(
    const struct home *home, enum account_scope scope, size_t *ret_count, struct err *err);

/* Whether its home has its tokens, or metadata that says where they are. */
bool account_is_stored(const struct account *account);

/*
 * Whether the config of its home belongs to this login, so that an API key in it may be sent
 * to its hosts. It does not if the home has several regions and the config names the hosts of
 * another one. Hosts in the environment are the user's choice: the key may be sent there.
 */
bool account_is_configured(const struct account *account);

/* Whether the config names the hosts of another login that is stored in the home, and so belongs to that. */
bool account_is_other_configured(const struct account *account);

#endif
