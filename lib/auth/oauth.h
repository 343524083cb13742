/*
 * oauth: the three requests to the OAuth host, and what each response means.
 *
 * Each function sends one request. Retries are up to device_flow.h and refresh.h. Nothing
 * here reads or writes a store.
 */
#ifndef KIMI_AUTH_OAUTH_H
#define KIMI_AUTH_OAUTH_H

#include "account/account.h"
#include "base/err.h"
#include "home/device_headers.h"
#include "store/token.h"

struct oauth {
	const struct platform *platform;
	char host[PLATFORM_URL_MAX]; /* URL, without a slash at the end, as in the metadata */
	struct device_headers device;
	long long deadline; /* of clock_ms(); each request gets at least a second; 0: no deadline */
	/* Of the last response: */
	double clock_ahead; /* seconds that our clock is ahead of the host's; 0: unknown */
	double retry_after; /* seconds that the host asked to wait; 0: it did not */
};

/* Prepares the requests for that login. -1 ERR_CONFIG: its OAuth host must not be used. */
int oauth_open(struct oauth *oauth, const struct account *who, struct err *err);

/* RFC 8628 section 3.2. The strings are owned. */
struct device_authorization {
	char *user_code;
	char *device_code;
	char *verification_uri;          /* https, or http to loopback, at most 2048 bytes; or "" */
	char *verification_uri_complete; /* likewise; at least one of the two is not "" */
	double expires_in;               /* seconds, 30 to 86400; 900 if the server does not say */
	double interval;                 /* seconds between polls, at least 1 */
};

/* Wipes and frees the strings. */
void device_authorization_clear(struct device_authorization *authorization);

/* Requests a device code, RFC 8628 section 3.1. The caller clears *ret_authorization. */
int oauth_authorize_device(
    struct oauth *oauth, struct device_authorization *ret_authorization, struct err *err);

enum oauth_result {
	OAUTH_GRANTED,   /* *ret_token is the new login; the caller clears it */
	OAUTH_PENDING,   /* authorization_pending: not confirmed yet */
	OAUTH_SLOW_DOWN, /* slow_down: not confirmed yet, and poll 5 s less often from now on */
	OAUTH_EXPIRED,   /* expired_token: the device code has expired; request a new one */
	OAUTH_REJECTED,  /* the refresh token was rejected */
	/* These fill *err: */
	OAUTH_LOST,   /* success without a usable login: the refresh token may be spent */
	OAUTH_RETRY,  /* a network error, 429 or 5xx: an immediate retry may help */
	OAUTH_FAILED, /* a retry does not help now; maybe later, see err_is_temporary() */
};

/* Polls once, RFC 8628 section 3.4. access_denied is OAUTH_FAILED with ERR_DENIED. */
enum oauth_result oauth_poll(
    struct oauth *oauth, const char *device_code, struct token *ret_token, struct err *err);

/*
 * Exchanges a refresh token, RFC 6749 section 6. After OAUTH_GRANTED and OAUTH_LOST, do
 * not send the old refresh token again: a server that sees a spent token ends the login.
 * OAUTH_REJECTED fills *err with ERR_REJECTED.
 */
enum oauth_result oauth_refresh(
    struct oauth *oauth, const char *refresh_token, struct token *ret_token, struct err *err);

#endif
