/*
 * platform: the services one can be logged in to, as data.
 *
 * A row is all that makes a platform: a new one is a new row, and no code.
 */
#ifndef KIMI_ACCOUNT_PLATFORM_H
#define KIMI_ACCOUNT_PLATFORM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PLATFORM_URL_MAX = 512, PLATFORMS_MAX = 8 };

/* Where an account lives: a pair of hosts. */
struct region {
	const char *name;  /* "global"; as in --region and JSON */
	const char *site;  /* as people know it, "kimi.ai" */
	const char *where; /* it is for, in a question; NULL: it goes without saying */
	const char *oauth_host;
	const char *base_url;
};

struct platform {
	const char *id;
	const char *name;
	const char *base_url;          /* where nothing says otherwise */
	const char *base_url_variable; /* the environment variable that replaces it */
	const char *key_prefix;        /* how its own API keys begin; NULL: nothing sets them apart */
	/* Its OAuth side; all NULL: it takes API keys only. */
	const char *oauth_key;  /* under which its login is stored: "oauth/NAME" */
	const char *oauth_host; /* where nothing says otherwise */
	const char
	    *oauth_host_variables[3]; /* the environment variables that replace it, the first one set */
	const char *client_id;        /* RFC 6749 section 2.2 */
	const char *device_authorization_path; /* below the OAuth host, RFC 8628 section 3.1 */
	const char *token_path;                /* likewise, RFC 6749 section 3.2 */
	const struct region
	    *regions;               /* ended by a row without a name; the first is the default; NULL: none */
	const char *services[3][2]; /* config's [services.NAME] and its path below base_url; ends with NULL */
	const char *usage_path;     /* of the quota or the balance, below base_url */
	const char *profile_path;   /* of whose login it is, likewise; NULL: the platform does not say */
	const char *balance_currency;    /* what usage_path answers is a balance in it; NULL: a quota */
	const char *allowed_prefixes[4]; /* model ids that count begin with one of these; none: all count */
};

/* The table of at most PLATFORMS_MAX rows, ended by one whose id is NULL; the first is the default. */
extern const struct platform platforms[];

/* The platform with that id; NULL id: the first. NULL: there is none, and *err (ERR_USAGE) lists them. */
const struct platform *platform_find(const char *id, struct err *err);

/* ERR_LOGIN_REQUIRED with the command that logs in to it; returns -1. */
int platform_not_logged_in(const struct platform *platform, struct err *err);

/*
 * The base URL and OAuth host that the environment sets, else those of `configured`
 * ("" or NULL: none), else the shipped ones; without a slash at the end. The OAuth
 * host of a platform without tokens is "". -1: too long (ERR_CONFIG).
 */
int platform_base_url(
    const struct platform *platform, const char *configured, char ret_url[PLATFORM_URL_MAX], struct err *err);
int platform_oauth_host(
    const struct platform *platform, const char *configured, char ret_url[PLATFORM_URL_MAX], struct err *err);

/* Whether the environment sets one of its hosts. */
bool platform_hosts_are_set(const struct platform *platform);

/* The region with these hosts, or of that name. NULL: it is none of the platform's. */
const struct region *platform_region_of(
    const struct platform *platform, const char *oauth_host, const char *base_url);
const struct region *platform_region_named(const struct platform *platform, const char *name);

#endif
