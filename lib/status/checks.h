/*
 * checks: problems around the logins: the config, its permissions, and PATH.
 *
 * Reads files only, and changes nothing.
 */
#ifndef KIMI_STATUS_CHECKS_H
#define KIMI_STATUS_CHECKS_H

#include "account/problem.h"
#include "format/toml.h"
#include "home/home.h"
#include "status/status.h"

/*
 * Reads the config for the caller, who frees it (NULL: there is none, or it is invalid).
 * Adds problems: a config that does not parse or that the client would refuse, and
 * permissions that let others read its secrets.
 */
void checks_config(const struct home *home, struct toml **ret_config, struct problems *problems);

/* Adds a problem if another program called `kimi` is first on PATH. */
void checks_path(struct problems *problems);

/* Adds a problem if kimi-code is installed without a login, and another client has one. */
void checks_clients(const struct status_list *list, struct problems *problems);

#endif
