/*
 * identity: which login is meant.
 *
 * A platform, and an account where one has several: NAME's tokens lie under the
 * key oauth/kimi-code@NAME. The login without a name is the one that is shared
 * with kimi-cli; only it is written to the config.
 */
#ifndef KIMI_ACCOUNT_ACCOUNT_H
#define KIMI_ACCOUNT_ACCOUNT_H

#include "account/platform.h"
#include "base/err.h"
#include "home/home.h"

#include <stdbool.h>
#include <stddef.h>

enum { IDENTITY_ACCOUNT_MAX = 80, IDENTITY_KEY_MAX = 128 };

struct identity {
	const struct platform *platform;
	char account[IDENTITY_ACCOUNT_MAX]; /* "": the plain login */
	/* Where it lives, filled in by identity_locate(): */
	char key[IDENTITY_KEY_MAX];        /* of its tokens; "": the platform has none */
	char oauth_host[PLATFORM_URL_MAX]; /* "": likewise */
	char base_url[PLATFORM_URL_MAX];
	const struct region *region; /* that has these hosts; NULL: none of the platform's */
};

/*
 * From the options as they were given, NULL for none: the first platform, and the
 * account in $KIMI_ACCOUNT. -1 ERR_USAGE: an unknown platform, a name that cannot
 * be one, or an account of a platform that has keys only.
 */
int identity_select(
    struct identity *ret_identity, const char *platform_id, const char *account, struct err *err);

/*
 * Where that login lives in a home: the hosts that the environment sets, or else the
 * home's config (home.h), or the shipped ones; and its key, which depends on them
 * where the home has slots. -1 ERR_CONFIG.
 */
int identity_locate(struct identity *who, const struct home *home, struct err *err);

/*
 * Finds the region of an account, since the config names only the hosts of the default account:
 * the first region that has it stored. Call it after identity_locate().
 */
void identity_locate_account(struct identity *who, const struct home *home);

/* The first two of these. */
int identity_find(struct identity *ret_identity, const struct home *home, const char *platform_id,
    const char *account, struct err *err);

/*
 * What to do about that login: where the text names a command, as in "run 'kimi
 * login'", its account is put in, since without it another login would be meant.
 */
void identity_advise(const struct identity *who, char *todo, size_t size);

/*
 * The logins with tokens that this home may hold, by the files of its credentials
 * folder: for each platform that has tokens the plain login (always), then its
 * accounts by name; where the home has slots, then those for other hosts that have
 * one there. The caller frees the list. NULL: *err.
 */
struct identity *identity_list(const struct home *home, size_t *ret_count, struct err *err);

/* The same, and then the platforms that have keys only. */
struct identity *identity_list_all(const struct home *home, size_t *ret_count, struct err *err);

/* Something of it is in that home, where it was located: its tokens, or a note of where they are. */
bool identity_is_stored(const struct identity *who, const struct home *home);

/*
 * The config of its home is about that login: an API key there may be sent to its hosts. Not so where
 * the home has several regions and the config names the hosts of another one. Hosts that the
 * environment sets are the user's choice, so the key goes there.
 */
bool identity_is_configured(const struct identity *who, const struct home *home);

/* The hosts that the home's config names are those of another login, which is stored there: the config is that one's. */
bool identity_is_other_configured(const struct identity *who, const struct home *home);

#endif
