/*
 * oauth: the three calls to the OAuth host, and what each answer means.
 *
 * One call here is one request: when to ask again, and whether, is the business
 * of login.h and refresh.h. Nothing here reads or writes a store.
 */
#ifndef KIMI_AUTH_OAUTH_H
#define KIMI_AUTH_OAUTH_H

#include "account/account.h"
#include "base/err.h"
#include "home/device_headers.h"
#include "store/token.h"

struct oauth {
	const struct platform *platform; /* whose OAuth side is asked */
	char host[PLATFORM_URL_MAX];     /* as the state notes it: no slash at the end */
	struct device device;
	long long
	    deadline; /* of clock_ms(): requests are cut short then, but for their first second; 0: none */
	double
	    clock_ahead; /* seconds that this clock was ahead at the host's last answer; 0: it did not say */
};

/* For that login: finds its host and describes the device. -1: the host may not be asked (ERR_CONFIG). */
int oauth_open(struct oauth *oauth, const struct identity *who, const struct home *home, struct err *err);

/* RFC 8628 section 3.2. Texts are owned. */
struct device_authorization {
	char *user_code;
	char *device_code;
	char *verification_uri;          /* checked: https, or http to loopback, 2048 bytes; may be "" */
	char *verification_uri_complete; /* likewise; one of the two is always there */
	double expires_in;               /* seconds, 30 to 86400; 900 where the server does not say */
	double interval;                 /* seconds between polls, at least 1 */
};

void device_authorization_clear(struct device_authorization *authorization);

int oauth_authorize_device(
    struct oauth *oauth, struct device_authorization *ret_authorization, struct err *err);

enum oauth_answer {
	OAUTH_GRANTED,   /* *ret_token is the new login */
	OAUTH_PENDING,   /* authorization_pending: not yet */
	OAUTH_SLOW_DOWN, /* not yet, and wait 5 s longer from now on */
	OAUTH_EXPIRED,   /* expired_token: the code is dead, take a new one */
	OAUTH_REJECTED,  /* the refresh token is refused (401, invalid_grant, 403 with an OAuth error) */
	OAUTH_LOST, /* a good answer came with no login in it: the refresh token may be spent; *err tells */
	OAUTH_PASSING, /* network, 429, 5xx: asking again now may help; *err tells */
	OAUTH_FAILED,  /* asking again now would not; *err tells (its code may still be a passing one) */
};

/* One poll, RFC 8628 section 3.4. *ret_retry_after as below. access_denied is OAUTH_FAILED with ERR_DENIED. */
enum oauth_answer oauth_poll(struct oauth *oauth, const char *device_code, struct token *ret_token,
    double *ret_retry_after, struct err *err);

/*
 * One exchange of a refresh token, RFC 6749 section 6. After OAUTH_GRANTED the
 * old refresh token is dead, after OAUTH_LOST it must be taken for dead: a server
 * that sees a spent one again ends the login. *ret_retry_after: the seconds the server asked to
 * wait, 0 if it did not. OAUTH_REJECTED fills *err with ERR_REJECTED.
 */
enum oauth_answer oauth_refresh(struct oauth *oauth, const char *refresh_token, struct token *ret_token,
    double *ret_retry_after, struct err *err);

#endif
