/*
 * status_online: whether Kimi takes a login, by asking for its model list, and
 * what else it says of it.
 *
 * kimi-models and kimi-usage are run for that, so that kimi-status itself stays
 * without libcurl. They refresh a token that is due: look at the login again
 * afterwards.
 */
#ifndef KIMI_STATUS_ONLINE_H
#define KIMI_STATUS_ONLINE_H

#include "account/account.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

struct online {
	size_t models; /* how long the list is */
	/* As `kimi usage --json` has them; owned, NULL where it could not be asked. */
	json_t *profile; /* whose login it is; null where the platform does not say */
	json_t *window;  /* the one that is used most; NULL where there is none */
	json_t *balance; /* null likewise */
};

/* 0: it is taken. -1: *err says why not. The caller clears *ret_online in any case. */
int status_ask_online(
    const struct home *home, const struct identity *who, struct online *ret_online, struct err *err);

void status_online_clear(struct online *online);

#endif
