/*
 * profile: who is logged in, as Kimi Code reports it.
 */
#ifndef KIMI_API_PROFILE_H
#define KIMI_API_PROFILE_H

#include "account/account.h"
#include "base/err.h"

enum { PROFILE_TEXT_MAX = 128 };

/* Texts are cleaned, and masked by the server; "": not sent. */
struct profile {
	char name[PROFILE_TEXT_MAX]; /* nickname, else user name, mail address or phone number */
	char plan[PROFILE_TEXT_MAX];
	char region[PROFILE_TEXT_MAX];
};

/* Fetches the profile. -1: as a request fails (request.h); ERR_USAGE if the platform has none. */
int profile_fetch(const struct account *account, struct profile *ret_profile, struct err *err);

#endif
