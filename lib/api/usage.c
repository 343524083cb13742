#include "api/usage.h"

#include "base/text.h"
#include "format/json.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Larger values are mistakes of the server. */
static const double most_ratio = 1e4, most_number = 1e15;

static const double minute = 60, hour = 3600, day = 86400, week = 7 * 86400,
                    longest_window = 10 * 366 * 86400.0;

const char *const usage_part_names[USAGE_PARTS] = {
    [USAGE_PART_USAGE] = "usage",
    [USAGE_PART_LIMITS] = "limits",
    [USAGE_PART_USAGES] = "usages",
};

/* A number member that is 0 or more; NAN: missing or invalid. */
static double usage_number(const json_t *object, const char *name)
{
	double number;

	if (!json_number(object, name, &number) || number < 0 || number > most_number)
		return NAN;
	return number;
}

/* It begins like the form, in which 0 is any digit and ? any character. */
static bool time_has_form(const char *text, const char *form)
{
	for (; *form; text++, form++) {
		bool is_digit = isdigit((unsigned char)*text);
		if (!*text || (*form == '0' && !is_digit) || (!strchr("0?", *form) && *form != *text))
			return false;
	}
	return true;
}

static int time_number(const char *digits)
{
	return (int)strtol(digits, NULL, 10);
}

/* "Z", or hours and minutes that local time is ahead of UTC. */
static bool time_offset(const char *text, int *ret_seconds)
{
	int hours = 0, minutes = 0, sign = *text == '-' ? -1 : 1;

	if (strcasecmp(text, "Z") != 0) {
		if ((*text != '+' && *text != '-') || !time_has_form(text + 1, "00:00") || text[6])
			return false;
		hours = time_number(text + 1);
		minutes = time_number(text + 4);
	}
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return hours <= 23 && minutes <= 59;
}

double usage_read_time(const char *text)
{
	static const char form[] = "0000-00-00?00:00:00";
	struct tm date = {0};
	int offset;

	if (!text || !time_has_form(text, form) || !strchr("Tt ", text[10]))
		return NAN;
	date.tm_year = time_number(text);
	date.tm_mon = time_number(text + 5);
	int mday = time_number(text + 8), hours = time_number(text + 11);
	int minutes = time_number(text + 14), seconds = time_number(text + 17);
	text += strlen(form);
	if (*text == '.') {
		size_t digits = strspn(++text, "0123456789");
		text += digits;
		if (!digits)
			return NAN;
	}
	if (date.tm_year < 1970 || date.tm_mon < 1 || date.tm_mon > 12 || mday < 1 || mday > 31 ||
	    hours > 23 || minutes > 59 || seconds > 60 || !time_offset(text, &offset))
		return NAN;
	date.tm_year -= 1900;
	date.tm_mon -= 1;
	date.tm_mday = mday;
	double midnight = (double)timegm(&date);
	/* timegm() makes a March day of 30 February. */
	if (date.tm_mday != mday)
		return NAN;
	return midnight + hours * 3600 + minutes * 60 + seconds - offset;
}

/* The parts of a response spell the name of this member differently. */
static double usage_reset(const json_t *object)
{
	const char *text = json_text(object, "resetTime");

	if (!text)
		text = json_text(object, "reset_time");
	return usage_read_time(text);
}

/* The largest unit that gives a whole number, so that 300 minutes and 5 hours are one window. */
static void window_name(double seconds, char ret_name[USAGE_NAME_MAX])
{
	const struct {
		double seconds;
		char letter;
	} units[] = {{day, 'd'}, {hour, 'h'}, {minute, 'm'}, {1, 's'}};
	size_t i = 0;

	while (fmod(seconds, units[i].seconds) != 0)
		i++;
	snprintf(ret_name, USAGE_NAME_MAX, "%.0f%c", seconds / units[i].seconds, units[i].letter);
}

static bool is_window_length(double seconds)
{
	return seconds >= 1 && seconds <= longest_window && seconds == floor(seconds);
}

/* {"duration":300,"timeUnit":"TIME_UNIT_MINUTE"}; NAN: invalid. */
static double window_length(const json_t *window)
{
	const struct {
		const char *name;
		double seconds;
	} units[] = {{"TIME_UNIT_SECOND", 1}, {"TIME_UNIT_MINUTE", minute}, {"TIME_UNIT_HOUR", hour},
	    {"TIME_UNIT_DAY", day}, {"TIME_UNIT_WEEK", week}};
	const char *unit = json_text(window, "timeUnit");
	double duration = usage_number(window, "duration");

	for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].name) == 0 && is_window_length(duration * units[i].seconds))
			return duration * units[i].seconds;
	return NAN;
}

/*
 * {limit, used, remaining, resetTime}. used or remaining may be missing. With a limit of 0
 * the share is unknown. Returns false if it has no number.
 */
static bool share_from_detail(const json_t *detail, struct usage_share *ret_share)
{
	double limit = usage_number(detail, "limit"), used = usage_number(detail, "used"),
	       remaining = usage_number(detail, "remaining");

	if (isnan(used) && remaining <= limit)
		used = limit - remaining;
	*ret_share = (struct usage_share){
	    .is_there = true,
	    .used_ratio = limit > 0 ? used / limit : NAN,
	    .used = used,
	    .limit = limit,
	    .resets_at = usage_reset(detail),
	};
	return !isnan(used) || !isnan(limit);
}

/* {used_ratio, reset_time} */
static bool share_from_ratio(const json_t *entry, struct usage_share *ret_share)
{
	*ret_share = (struct usage_share){
	    .is_there = true,
	    .used_ratio = usage_number(entry, "used_ratio"),
	    .used = NAN,
	    .limit = NAN,
	    .resets_at = usage_reset(entry),
	};
	return !isnan(ret_share->used_ratio);
}

static bool share_is_larger(const struct usage_share *a, const struct usage_share *b)
{
	if (!b->is_there || !a->is_there)
		return a->is_there;
	return a->used_ratio > b->used_ratio || (!isnan(a->used_ratio) && isnan(b->used_ratio));
}

/* If a part has a window twice, the larger share counts. */
static void window_add(struct usage *usage, enum usage_part part, const char *name, double seconds,
    const struct usage_share *share)
{
	struct usage_window *window = usage->windows, *end = window + usage->count;

	if (share->used_ratio > most_ratio)
		return;
	while (window < end && strcmp(window->name, name) != 0)
		window++;
	if (window == end && usage->count == USAGE_WINDOWS_MAX)
		return;
	if (window == end) {
		*window = (struct usage_window){.seconds = seconds};
		snprintf(window->name, sizeof(window->name), "%s", name);
		usage->count++;
	}
	if (share_is_larger(share, &window->parts[part]))
		window->parts[part] = *share;
}

static void window_add_detail(struct usage *usage, enum usage_part part, double seconds, const json_t *detail)
{
	char name[USAGE_NAME_MAX];
	struct usage_share share;

	if (isnan(seconds) || !share_from_detail(detail, &share))
		return;
	window_name(seconds, name);
	window_add(usage, part, name, seconds, &share);
}

/* Servers also send null and {} for what they do not say. */
static bool is_empty(const json_t *value)
{
	return !value || json_is_null(value) || (json_is_object(value) && !json_object_size(value));
}

/* This part is about a week unless it has a window. */
static void read_usage(struct usage *usage, const json_t *part)
{
	const json_t *window = json_object_get(part, "window");
	double seconds = week;

	if (!is_empty(window))
		seconds = window_length(window);
	window_add_detail(usage, USAGE_PART_USAGE, seconds, part);
}

static void read_limits(struct usage *usage, const json_t *list)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		window_add_detail(usage, USAGE_PART_LIMITS, window_length(json_object_get(row, "window")),
		    json_object_get(row, "detail"));
	}
}

/* "limit_5h", "limit_7d", "limit_month_total", "limit_month_WORD". */
static bool window_from_key(const char *key, char ret_name[USAGE_NAME_MAX], double *ret_seconds)
{
	static const char prefix[] = "limit_", month[] = "month_",
	                  usual[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	char *end;

	if (strncmp(key, prefix, strlen(prefix)) != 0)
		return false;
	key += strlen(prefix);
	if (strncmp(key, month, strlen(month)) == 0) {
		const char *word = key + strlen(month);
		size_t len = strlen(word);
		if (!len || len > USAGE_NAME_MAX - 8 || strspn(word, usual) != len)
			return false;
		snprintf(ret_name, USAGE_NAME_MAX, "month-%s", word);
		if (strcmp(word, "total") == 0)
			snprintf(ret_name, USAGE_NAME_MAX, "month");
		for (char *at = ret_name; (at = strchr(at, '_'));)
			*at = '-';
		*ret_seconds = NAN;
		return true;
	}
	if (!isdigit((unsigned char)*key) || strlen(key) > 8)
		return false;
	double seconds = (double)strtoul(key, &end, 10);
	if (strcmp(end, "h") == 0)
		seconds *= hour;
	else if (strcmp(end, "d") == 0)
		seconds *= day;
	else
		return false;
	if (!is_window_length(seconds))
		return false;
	window_name(seconds, ret_name);
	*ret_seconds = seconds;
	return true;
}

static void read_usages(struct usage *usage, const json_t *part)
{
	char name[USAGE_NAME_MAX];
	struct usage_share share;
	const char *key;
	json_t *entry;
	double seconds;

	json_object_foreach((json_t *)part, key, entry)
	{
		if (window_from_key(key, name, &seconds) && share_from_ratio(entry, &share))
			window_add(usage, USAGE_PART_USAGES, name, seconds, &share);
	}
}

/* The parts can contradict each other. The largest share is the one that will refuse requests. */
static void window_judge(struct usage_window *window)
{
	struct usage_share share = {0};

	for (size_t i = 0; i < USAGE_PARTS; i++)
		if (share_is_larger(&window->parts[i], &share))
			share = window->parts[i];
	for (size_t i = 0; i < USAGE_PARTS; i++) {
		const struct usage_share *part = &window->parts[i];
		if (!part->is_there)
			continue;
		if (isnan(share.resets_at))
			share.resets_at = part->resets_at;
		if (isnan(share.used) && isnan(share.limit) && part->used_ratio == share.used_ratio) {
			share.used = part->used;
			share.limit = part->limit;
		}
	}
	window->share = share;
}

/* The most common windows first, then by length. Months have no length and come last. */
static int window_rank(const struct usage_window *window)
{
	static const char *const first[] = {"5h", "7d", "month", "month-code"};
	int rank = 0, ranks = sizeof(first) / sizeof(first[0]);

	while (rank < ranks && strcmp(window->name, first[rank]) != 0)
		rank++;
	if (rank == ranks && isnan(window->seconds))
		rank++;
	return rank;
}

static int by_rank(const void *a, const void *b)
{
	const struct usage_window *left = a, *right = b;
	int ranks = window_rank(left) - window_rank(right);

	if (ranks)
		return ranks;
	if (left->seconds != right->seconds && !isnan(left->seconds))
		return left->seconds < right->seconds ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void copy_clean(char *ret_text, size_t size, const char *text)
{
	snprintf(ret_text, size, "%s", text_or_empty(text));
	text_clean_inplace(ret_text);
}

static void read_plan(struct usage *usage, const json_t *response)
{
	const json_t *membership = json_object_get(json_object_get(response, "user"), "membership");
	const char *plan = json_text(membership, "level");

	if (!plan)
		plan = json_text(response, "subType");
	copy_clean(usage->plan, sizeof(usage->plan), plan);
}

/* {currency, priceInCents} */
static double read_money(const json_t *money, char currency[USAGE_CURRENCY_MAX])
{
	if (!*currency)
		copy_clean(currency, USAGE_CURRENCY_MAX, json_text(money, "currency"));
	return usage_number(money, "priceInCents") / 100;
}

/* Amounts are in millionths of a cent. A wallet that is switched off has no amounts. */
static void read_extra(struct usage *usage, const json_t *wallet)
{
	static const double unit = 1e8;
	const json_t *balance = json_object_get(wallet, "balance");
	const char *type = json_text(balance, "type");
	struct usage_extra extra = {
	    .total = usage_number(balance, "amount") / unit,
	    .left = usage_number(balance, "amountLeft") / unit,
	};

	if (!type || strcmp(type, "BOOSTER") != 0 || !(extra.total > 0))
		return;
	extra.monthly_limit = read_money(json_object_get(wallet, "monthlyChargeLimit"), extra.currency);
	extra.monthly_used = read_money(json_object_get(wallet, "monthlyUsed"), extra.currency);
	if (!json_flag(wallet, "monthlyChargeLimitEnabled") || extra.monthly_limit == 0)
		extra.monthly_limit = NAN;
	usage->extra = extra;
	usage->has_extra = true;
}

static int read_windows(const json_t *response, struct usage *usage, struct reason *ret_reason)
{
	read_usage(usage, json_object_get(response, "usage"));
	read_limits(usage, json_object_get(response, "limits"));
	read_usages(usage, json_object_get(response, "usages"));
	for (size_t i = 0; i < usage->count; i++)
		window_judge(&usage->windows[i]);
	qsort(usage->windows, usage->count, sizeof(usage->windows[0]), by_rank);
	read_plan(usage, response);
	usage->parallel_limit = usage_number(json_object_get(response, "parallel"), "limit");
	read_extra(usage, json_object_get(response, "boosterWallet"));
	if (usage->count)
		return 0;
	return reason_set(ret_reason, "it has no quota window");
}

/* Cash, and so the total, can be negative. */
static double read_amount(const json_t *data, const char *name)
{
	double amount;

	if (json_number(data, name, &amount) && fabs(amount) <= most_number)
		return amount;
	return NAN;
}

/* {"code":0,"data":{...}}: a code other than 0 is an error, even with HTTP status 200. */
static int read_balance(
    const char *currency, const json_t *response, struct usage *usage, struct reason *ret_reason)
{
	const json_t *data = json_object_get(response, "data");
	double code = 0;

	json_number(response, "code", &code);
	if (code != 0)
		return reason_set(ret_reason, "it has the error code %.10g", code);
	usage->balance = (struct usage_balance){
	    .available = read_amount(data, "available_balance"),
	    .voucher = read_amount(data, "voucher_balance"),
	    .cash = read_amount(data, "cash_balance"),
	    .currency = currency,
	};
	usage->has_balance = !isnan(usage->balance.available);
	if (usage->has_balance)
		return 0;
	return reason_set(ret_reason, "it has no available_balance");
}

int usage_from_response(const struct platform *platform, const json_t *response, struct usage *ret_usage,
    struct reason *ret_reason)
{
	*ret_usage = (struct usage){.fetched_at = ret_usage->fetched_at, .parallel_limit = NAN};
	if (platform->balance_currency)
		return read_balance(platform->balance_currency, response, ret_usage, ret_reason);
	return read_windows(response, ret_usage, ret_reason);
}

int usage_reaches(const struct usage *usage, double percent, struct err *err)
{
	/* 0.29 * 100 is a little less than 29. */
	static const double rounding = 1e-9;
	bool is_known = false;

	if (usage->has_balance)
		return usage->balance.available <= 0;
	for (size_t i = 0; i < usage->count; i++) {
		double ratio = usage->windows[i].share.used_ratio;
		if (ratio * 100 + rounding >= percent)
			return 1;
		is_known = is_known || !isnan(ratio);
	}
	if (is_known)
		return 0;
	return err_set(err, ERR_PROTOCOL, "see 'kimi usage'", "the server did not say how much is used");
}
