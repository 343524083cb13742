/*
 * profile: who is logged in, as Kimi Code reports it.
 */
#ifndef KIMI_API_PROFILE_H
#define KIMI_API_PROFILE_H

#include "account/account.h"

#include <stdbool.h>

enum { PROFILE_TEXT_MAX = 128 };

/* Texts are cleaned, and masked by the server; "": not sent. */
struct profile {
	char name[PROFILE_TEXT_MAX]; /* nickname, else user name, mail address or phone number */
	char plan[PROFILE_TEXT_MAX];
	char region[PROFILE_TEXT_MAX];
};

/* Fetches the profile. False: the request failed, or the platform has none. */
bool profile_fetch(const struct account *account, struct profile *ret_profile);

#endif
