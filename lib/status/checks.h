/*
 * surroundings: what is wrong around the logins: the config, its rights, and PATH.
 *
 * Looks at files alone, and changes nothing.
 */
#ifndef KIMI_STATUS_CHECKS_H
#define KIMI_STATUS_CHECKS_H

#include "account/problem.h"
#include "format/toml.h"
#include "home/home.h"
#include "status/status.h"

/*
 * Reads the config for the caller (NULL: there is none, or none that parses), who
 * frees it, and adds what is wrong: config that does not parse, config that
 * kimi-cli would refuse, rights that are too loose for the secrets that are
 * there.
 */
void surroundings_check(const struct home *home, struct toml **ret_config, struct problems *problems);

/* Adds another program that answers to `kimi`, and says which client's it is. */
void surroundings_check_path(struct problems *problems);

/* Adds that kimi-code is installed and has no login, where the list of all homes has one of another client. */
void surroundings_check_clients(const struct status_list *list, struct problems *problems);

#endif
