/*
 * region: which region a new login of a home goes to.
 *
 * A region is a pair of hosts (platform.h). The config of a home with slots names
 * the pair of its login, and once it does, all commands follow it. So only a login
 * has to choose.
 */
#ifndef KIMI_CONFIG_REGION_H
#define KIMI_CONFIG_REGION_H

#include "account/platform.h"
#include "base/err.h"
#include "home/home.h"

/*
 * Sets the home's hosts, which config_hosts_load() has filled in, to those of the region
 * that a login of the platform goes to, first match:
 * the region `name` of --region (NULL: not given), the hosts that the config names
 * for a login, the region that the home's marker file names (unless
 * KIMI_CODE_REGION_MARKER=off), the shipped hosts. Hosts that the environment sets
 * go before all of these, see identity_locate().
 * With none of these they stay empty. -1: ERR_USAGE, the client has no such region.
 */
int config_region_choose(
    struct home *home, const struct platform *platform, const char *name, struct err *err);

#endif
