/*
 * online: whether Kimi accepts a login, by fetching its model list, and what else it
 * says about it.
 *
 * kimi-models and kimi-usage run for that, so that kimi-status itself does not link
 * libcurl. They refresh a due token: look at the login again afterwards.
 */
#ifndef KIMI_STATUS_ONLINE_H
#define KIMI_STATUS_ONLINE_H

#include "account/account.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

struct online {
	size_t models; /* number of models */
	/* As in `kimi usage --json`; owned; NULL: could not be fetched. */
	json_t *profile; /* who is logged in; JSON null: the platform does not say */
	json_t *window;  /* the window that is used most; NULL: there is none */
	json_t *balance; /* JSON null: likewise */
};

/* 0: Kimi accepts the login. -1: *err says why not. The caller clears *ret_online in both cases. */
int status_ask_online(const struct account *account, struct online *ret_online, struct err *err);

void status_online_clear(struct online *online);

#endif
