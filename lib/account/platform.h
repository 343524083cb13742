/*
 * platform: the services one can be logged in to, as data.
 */
#ifndef KIMI_ACCOUNT_PLATFORM_H
#define KIMI_ACCOUNT_PLATFORM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PLATFORM_URL_MAX = 512 };

struct platform {
	const char *id;
	const char *name;
	const char *base_url;          /* as shipped; ask platform_base_url() */
	const char *base_url_variable; /* the environment variable that replaces it */
	const char *oauth_key;         /* under which its login is stored; NULL: it takes API keys only */
	const char *services[3][2]; /* config's [services.NAME] and its path below base_url; ends with NULL */
	const char *allowed_prefixes[4]; /* model ids that count begin with one of these; none: all count */
};

/* The table, ended by a row whose id is NULL. */
extern const struct platform platforms[];

/* The platform with that id; NULL id: the first. NULL: there is none, and *err (ERR_USAGE) lists them. */
const struct platform *platform_find(const char *id, struct err *err);

/* ERR_LOGIN_REQUIRED with the command that logs in to it; returns -1. */
int platform_not_logged_in(const struct platform *platform, struct err *err);

/* Its base URL, the environment's or the shipped one, without a slash at the end. -1: too long (ERR_CONFIG). */
int platform_base_url(const struct platform *platform, char ret_url[PLATFORM_URL_MAX], struct err *err);

/* The OAuth host: the environment's (KIMI_CODE_OAUTH_HOST, KIMI_OAUTH_HOST) or the shipped one, likewise. */
int platform_oauth_host(char ret_url[PLATFORM_URL_MAX], struct err *err);

#endif
