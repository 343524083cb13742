/*
 * profile: whose login it is, as Kimi Code says it.
 */
#ifndef KIMI_API_PROFILE_H
#define KIMI_API_PROFILE_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"

#include <jansson.h>

enum { PROFILE_TEXT_MAX = 128 };

/* Cleaned, and masked as the server masks it; "" for what it does not say. */
struct profile {
	char name[PROFILE_TEXT_MAX]; /* the nickname, else what else names the user */
	char plan[PROFILE_TEXT_MAX];
	char region[PROFILE_TEXT_MAX];
};

/* Reads the answer. All of it may be missing. */
void profile_from_answer(const json_t *answer, struct profile *ret_profile);

/* Asks for it. -1: as a request fails (request.h); ERR_USAGE where the platform has none. */
int profile_fetch(
    const struct home *home, const struct identity *who, struct profile *ret_profile, struct err *err);

#endif
