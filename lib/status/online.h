/*
 * status_online: whether Kimi takes a login, by asking for its model list.
 *
 * kimi-models is run for that, so that kimi-status itself stays without libcurl.
 * It refreshes a token that is due: look at the login again afterwards.
 */
#ifndef KIMI_STATUS_ONLINE_H
#define KIMI_STATUS_ONLINE_H

#include "account/account.h"
#include "base/err.h"

#include <stddef.h>

/* 0: it is taken, and *ret_models is the length of the list. -1: *err says why not. */
int status_ask_online(
    const struct home *home, const struct identity *who, size_t *ret_models, struct err *err);

#endif
