/*
 * hosts: the hosts that the config of a home names for its login.
 *
 * In a home with slots, the name of a login depends on its hosts. So all commands need
 * them, even `kimi token`, which must not parse TOML for that. They are cached in
 * credentials/hosts.index, which is valid while config.toml has the same size, inode and
 * times.
 */
#ifndef KIMI_CONFIG_HOSTS_H
#define KIMI_CONFIG_HOSTS_H

#include "home/home.h"

/*
 * Sets the home's oauth_host and base_url to those of providers."managed:kimi-code"; "" if
 * they are not set, or if the config cannot be read, as in kimi-code. Both are "" for a
 * client without slots.
 */
void config_hosts_load(struct home *home);

#endif
