/*
 * region: which region a new login of a home uses.
 *
 * A region is a pair of hosts (platform.h). In a home with slots, the config names the
 * pair of the current login, and all commands use it. So only a login chooses a region.
 */
#ifndef KIMI_CONFIG_REGION_H
#define KIMI_CONFIG_REGION_H

#include "account/platform.h"
#include "base/err.h"
#include "home/home.h"

/* -1 ERR_USAGE: the client does not support this region of the platform (NULL: not given). */
int config_region_check(
    const struct client *client, const struct platform *platform, const char *name, struct err *err);

/*
 * Sets the home's hosts, which config_hosts_load() has loaded, to those of the region that
 * a login of the platform uses. The first match wins: the region `name` of --region (NULL:
 * not given), the hosts that the config names for a login, the region that the home's
 * marker file names (unless KIMI_CODE_REGION_MARKER=off). Otherwise they stay empty, which
 * means the default hosts. If the environment sets any host, the hosts of no region are
 * used, as in kimi-code. -1 ERR_USAGE: the client does not support that region.
 */
int config_region_choose(
    struct home *home, const struct platform *platform, const char *name, struct err *err);

#endif
