/*
 * usage: how much of the quota or balance of a login is used.
 *
 * Servers send the quota in an old form (`usage`, `limits`), a new form (`usages`)
 * or both, with numbers as numbers or as strings. All of them are read. A value
 * that the server did not send is NAN, never guessed.
 */
#ifndef KIMI_API_USAGE_H
#define KIMI_API_USAGE_H

#include "account/account.h"
#include "base/err.h"
#include "base/reason.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { USAGE_NAME_MAX = 32, USAGE_PLAN_MAX = 64, USAGE_CURRENCY_MAX = 8, USAGE_WINDOWS_MAX = 32 };

/* The parts of a response that describe windows. */
enum usage_part { USAGE_PART_USAGE, USAGE_PART_LIMITS, USAGE_PART_USAGES, USAGE_PARTS };

/* The names of the parts in the response: "usage", "limits", "usages". */
extern const char *const usage_part_names[USAGE_PARTS];

/* What one part says of a window. An unknown number is NAN. */
struct usage_share {
	bool is_there;
	double used_ratio;  /* 1 is all of it; servers have sent more */
	double used, limit; /* in a unit of the server's own */
	double resets_at;   /* seconds since the epoch */
};

struct usage_window {
	char name[USAGE_NAME_MAX]; /* "5h", "7d", "month", "month-code", else number and unit */
	double seconds;            /* its length; NAN for months */
	struct usage_share share;  /* of the part with the largest one; what that left out is filled in
	                              from parts that do not contradict it */
	struct usage_share parts[USAGE_PARTS];
};

/* Quota that was bought on top of the plan; amounts in `currency`, NAN where unknown. */
struct usage_extra {
	double total, left;
	double monthly_limit, monthly_used; /* no limit is NAN, too */
	char currency[USAGE_CURRENCY_MAX];  /* "": not known */
};

/* Of an open platform, in `currency`; voucher and cash are NAN where unknown. */
struct usage_balance {
	double available, voucher, cash;
	const char *currency;
};

struct usage {
	char plan[USAGE_PLAN_MAX];                      /* as the server calls it; "": not known */
	struct usage_window windows[USAGE_WINDOWS_MAX]; /* in the order to show them */
	size_t count;
	double parallel_limit; /* requests at once; NAN: not known */
	bool has_extra, has_balance;
	struct usage_extra extra;
	struct usage_balance balance; /* the platform has a balance and no windows */
	double fetched_at;            /* seconds since the epoch */
};

/* A login and what its server says of it. */
struct usage_login {
	struct account account; /* located */
	bool among_others;      /* KIMI_API_KEY does not stand in where nothing is stored */

	bool failed;    /* it could not be asked */
	struct err err; /* why */
	bool has_usage; /* if it failed: `usage` is from an earlier response */
	struct usage usage;
};

/*
 * Reads a response of that platform and ignores invalid rows. fetched_at is kept.
 * -1: there is no valid row; `ret_reason` says so.
 */
int usage_from_response(const struct platform *platform, const json_t *response, struct usage *ret_usage,
    struct reason *ret_reason);

/* Parses an RFC 3339 section 5.6 time to whole seconds since the epoch; NAN: invalid. */
double usage_read_time(const char *text);

/*
 * Whether a window is used to that percentage or more, or the balance is 0 or less:
 * 1 or 0. -1 ERR_PROTOCOL: the response does not say how much of any window is used.
 */
int usage_reaches(const struct usage *usage, double percent, struct err *err);

#endif
