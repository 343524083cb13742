/*
 * platform: the services that you can log in to, as data.
 *
 * A row describes a platform completely: a new platform is a new row, without code.
 */
#ifndef KIMI_ACCOUNT_PLATFORM_H
#define KIMI_ACCOUNT_PLATFORM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PLATFORM_URL_MAX = 512, PLATFORMS_MAX = 8 };

/* A region is a pair of hosts that has accounts of its own. */
struct region {
	const char *name;  /* "global"; as in --region and JSON */
	const char *site;  /* the website, "kimi.ai" */
	const char *where; /* who it is for, when login asks; NULL: not shown */
	const char *oauth_host;
	const char *base_url;
};

struct platform {
	const char *id;
	const char *name;
	const char *base_url;          /* the default */
	const char *base_url_variable; /* the environment variable that replaces it */
	const char *key_prefix;        /* how its API keys begin; NULL: any key may be one */
	/* OAuth; all NULL: the platform takes only API keys. */
	const char *oauth_key;  /* under which its login is stored: "oauth/NAME" */
	const char *oauth_host; /* the default */
	const char *oauth_host_variables
	    [3];               /* environment variables that replace it; the first one that is set counts */
	const char *client_id; /* RFC 6749 section 2.2 */
	const char *device_authorization_path; /* below the OAuth host, RFC 8628 section 3.1 */
	const char *token_path;                /* likewise, RFC 6749 section 3.2 */
	const struct region
	    *regions;               /* ended by a row without a name; the first is the default; NULL: none */
	const char *services[3][2]; /* config's [services.NAME] and its path below base_url; ends with NULL */
	const char *usage_path;     /* the quota or the balance, below base_url */
	const char *profile_path;   /* who is logged in, likewise; NULL: the platform does not say */
	const char *balance_currency;    /* usage_path has a balance in this currency; NULL: a quota */
	const char *allowed_prefixes[4]; /* models to list begin with one of these; empty: list all */
};

/* At most PLATFORMS_MAX rows, ended by a NULL id. The first is the default. */
extern const struct platform platforms[];

/* Finds a platform by its id; NULL means the first. NULL: unknown, ERR_USAGE with the ids. */
const struct platform *platform_find(const char *id, struct err *err);

/*
 * The base URL and the OAuth host: from the environment, else `configured` (NULL or "":
 * not configured), else the default. A slash at the end is removed. The OAuth host of a
 * platform without OAuth is "". -1 ERR_CONFIG: the URL is too long.
 */
int platform_base_url(
    const struct platform *platform, const char *configured, char ret_url[PLATFORM_URL_MAX], struct err *err);
int platform_oauth_host(
    const struct platform *platform, const char *configured, char ret_url[PLATFORM_URL_MAX], struct err *err);

/* Whether the environment sets a host of the platform. */
bool platform_hosts_are_set(const struct platform *platform);

/* Finds a region by its hosts, or by its name. NULL: the platform has no such region. */
const struct region *platform_region_of(
    const struct platform *platform, const char *oauth_host, const char *base_url);
const struct region *platform_region_named(const struct platform *platform, const char *name);

#endif
