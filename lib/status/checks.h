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

/*
 * Reads the config for the caller (NULL: there is none, or none that parses), who
 * frees it, and adds what is wrong: config that does not parse, config that
 * kimi-cli would refuse, rights that are too loose for the secrets that are
 * there, and another program that answers to `kimi`.
 */
void surroundings_check(const struct home *home, struct toml **ret_config, struct problems *problems);

#endif
