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

struct platform {
	const char *id;
	const char *name;
	const char *base_url;          /* as shipped; ask platform_base_url() */
	const char *base_url_variable; /* the environment variable that replaces it */
	const char *key_prefix;        /* how its own API keys begin; NULL: nothing sets them apart */
	/* Its OAuth side; all NULL: it takes API keys only. */
	const char *oauth_key;  /* under which its login is stored: "oauth/NAME" */
	const char *oauth_host; /* as shipped; ask platform_oauth_host() */
	const char
	    *oauth_host_variables[3]; /* the environment variables that replace it, the first one set */
	const char *client_id;        /* RFC 6749 section 2.2 */
	const char *device_authorization_path; /* below the OAuth host, RFC 8628 section 3.1 */
	const char *token_path;                /* likewise, RFC 6749 section 3.2 */
	const char *services[3][2]; /* config's [services.NAME] and its path below base_url; ends with NULL */
	const char *allowed_prefixes[4]; /* model ids that count begin with one of these; none: all count */
};

/* The table of at most PLATFORMS_MAX rows, ended by one whose id is NULL; the first is the default. */
extern const struct platform platforms[];

/* The platform with that id; NULL id: the first. NULL: there is none, and *err (ERR_USAGE) lists them. */
const struct platform *platform_find(const char *id, struct err *err);

/* ERR_LOGIN_REQUIRED with the command that logs in to it; returns -1. */
int platform_not_logged_in(const struct platform *platform, struct err *err);

/* Its base URL, the environment's or the shipped one, without a slash at the end. -1: too long (ERR_CONFIG). */
int platform_base_url(const struct platform *platform, char ret_url[PLATFORM_URL_MAX], struct err *err);

/* Its OAuth host: the environment's or the shipped one, likewise. Only for a platform that has one. */
int platform_oauth_host(const struct platform *platform, char ret_url[PLATFORM_URL_MAX], struct err *err);

#endif
