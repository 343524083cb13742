/*
 * hosts: which hosts the config of a home names for its login.
 *
 * In a home with slots the name of a login depends on them, so that every command
 * asks, `kimi token` first of all: it does not pay for reading TOML. What was found
 * is kept in credentials/hosts.index, and holds for as long as config.toml has the
 * size, the inode and the times that it had then.
 */
#ifndef KIMI_CONFIG_HOSTS_H
#define KIMI_CONFIG_HOSTS_H

#include "home/home.h"

/*
 * Fills in the home's oauth_host and base_url: as providers."managed:kimi-code" has
 * them, "" for what is not there. A config that cannot be read names none, as for
 * kimi-code. Where the client has no slots it does nothing.
 */
void config_hosts_load(struct home *home);

#endif
