#include "api/usage.h"

#include "format/json.h"
#include "tap.h"

#include <math.h>
#include <string.h>

static struct usage usage;
static struct reason reason;

static int read_usage_of(const char *platform, const char *text)
{
	json_t *response = json_parse(text, strlen(text), NULL);

	int result = usage_from_response(platform_find(platform, NULL), response, &usage, &reason);
	json_decref(response);
	return result;
}

static int read_quota(const char *text)
{
	return read_usage_of("kimi-code", text);
}

/* Both are the same number, or both are unknown. */
static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-9;
}

/* The row at that index, as it is shown. */
static bool row_is(size_t i, const char *name, double ratio, double used, double limit, double resets_at)
{
	const struct usage_window *window = &usage.windows[i];
	const struct usage_share *share = &window->share;

	return i < usage.count && strcmp(window->name, name) == 0 && same(share->used_ratio, ratio) &&
	       same(share->used, used) && same(share->limit, limit) &&
	       (isnan(resets_at) ? isnan(share->resets_at) : floor(share->resets_at) == resets_at);
}

static bool part_is(size_t i, enum usage_part part, double ratio)
{
	const struct usage_share *share = &usage.windows[i].parts[part];

	return share->is_there && same(share->used_ratio, ratio);
}

/* The names in order, each followed by a blank. */
static bool has_names(const char *names)
{
	char row[400] = "";

	for (size_t i = 0; i < usage.count; i++) {
		strcat(row, usage.windows[i].name);
		strcat(row, " ");
	}
	return strcmp(row, names) == 0;
}

/* Responses of real servers. */
static void test_vectors(void)
{
	ok(read_quota(
	       "{\"usage\":{\"limit\":\"100\",\"used\":\"26\",\"remaining\":\"74\",\"resetTime\":\"2026-"
	       "08-11T15:53:05.519605Z\"},\"limits\":[{\"window\":{\"duration\":300,\"timeUnit\":\"TIME_"
	       "UNIT_MINUTE\"},\"detail\":{\"limit\":\"100\",\"used\":\"27\",\"remaining\":\"73\","
	       "\"resetTime\":\"2026-08-08T14:53:05.519605Z\"}}],\"parallel\":{\"limit\":\"30\"},"
	       "\"totalQuota\":{},\"subType\":\"TYPE_PURCHASE\"}") == 0 &&
	        has_names("5h 7d "),
	    "the old shape has two windows");
	ok(row_is(0, "5h", 0.27, 27, 100, 1786200785) && row_is(1, "7d", 0.26, 26, 100, 1786463585),
	    "with their numbers and resets");
	ok(usage.windows[0].seconds == 18000 && usage.windows[1].seconds == 604800, "and lengths");
	ok(usage.parallel_limit == 30 && strcmp(usage.plan, "TYPE_PURCHASE") == 0 && !usage.has_extra &&
	        !usage.has_balance,
	    "the limit of requests at once and the plan are read, an empty totalQuota says nothing");

	ok(read_quota(
	       "{\"limits\":[{\"window\":{\"duration\":300,\"timeUnit\":\"TIME_UNIT_MINUTE\"},"
	       "\"detail\":{\"limit\":\"100\",\"remaining\":\"100\",\"resetTime\":\"2026-09-15T12:49:10."
	       "897370Z\"}}],\"usages\":{\"limit_5h\":{\"used_ratio\":0,\"reset_time\":\"2026-09-15T12:"
	       "49:10Z\"},\"limit_month_total\":{\"used_ratio\":0.0338,\"reset_time\":\"2026-10-15T07:"
	       "49:10Z\"},\"limit_month_code\":{\"used_ratio\":0,\"reset_time\":\"2026-10-15T07:49:"
	       "10Z\"}}}") == 0 &&
	        has_names("5h month month-code "),
	    "both shapes at once are one list");
	ok(row_is(0, "5h", 0, 0, 100, 1789476550) && row_is(1, "month", 0.0338, NAN, NAN, 1792050550) &&
	        row_is(2, "month-code", 0, NAN, NAN, 1792050550),
	    "a ratio has no used and no limit");
	ok(part_is(0, USAGE_PART_LIMITS, 0) && part_is(0, USAGE_PART_USAGES, 0) &&
	        !usage.windows[0].parts[USAGE_PART_USAGE].is_there && isnan(usage.windows[1].seconds),
	    "each part that spoke is kept, and a month has no length");
	ok(isnan(usage.parallel_limit) && !*usage.plan, "what is not sent is not known");

	ok(read_quota(
	       "{\"usages\":{\"limit_5h\":{\"used_ratio\":0.3,\"reset_time\":\"2026-09-16T20:00:00Z\"},"
	       "\"limit_7d\":{\"used_ratio\":0.2,\"reset_time\":\"2026-09-21T00:00:00Z\"},\"limit_month_"
	       "total\":{\"used_ratio\":0.4,\"reset_time\":\"2026-10-01T00:00:00Z\"},\"limit_month_"
	       "code\":{\"used_ratio\":0.25,\"reset_time\":\"2026-10-01T00:00:00Z\"}}}") == 0 &&
	        row_is(0, "5h", 0.3, NAN, NAN, 1789588800) && row_is(1, "7d", 0.2, NAN, NAN, 1789948800) &&
	        row_is(2, "month", 0.4, NAN, NAN, 1790812800) &&
	        row_is(3, "month-code", 0.25, NAN, NAN, 1790812800),
	    "the new shape alone");

	ok(read_quota(
	       "{\"usage\":{\"limit\":\"100\",\"used\":\"100\",\"resetTime\":\"2026-09-24T02:09:07."
	       "465054Z\"},\"limits\":[{\"window\":{\"duration\":300,\"timeUnit\":\"TIME_UNIT_MINUTE\"},"
	       "\"detail\":{\"limit\":\"100\",\"remaining\":\"100\",\"resetTime\":\"2026-09-21T01:09:07."
	       "465054Z\"}}],\"usages\":{\"limit_7d\":{\"used_ratio\":0,\"reset_time\":\"2026-09-24T02:"
	       "09:07Z\"}}}") == 0 &&
	        has_names("5h 7d ") && row_is(1, "7d", 1, 100, 100, 1790215747) &&
	        part_is(1, USAGE_PART_USAGE, 1) && part_is(1, USAGE_PART_USAGES, 0),
	    "of two parts that contradict each other the larger share counts");
}

static void test_shares(void)
{
	ok(read_quota("{\"usage\":{\"limit\":200,\"remaining\":50}}") == 0 &&
	        row_is(0, "7d", 0.75, 150, 200, NAN),
	    "used follows from remaining");
	ok(read_quota("{\"usage\":{\"limit\":200,\"used\":50}}") == 0 && row_is(0, "7d", 0.25, 50, 200, NAN),
	    "remaining is not needed");
	ok(read_quota("{\"usage\":{\"limit\":\"0\",\"used\":\"0\"}}") == 0 && row_is(0, "7d", NAN, 0, 0, NAN),
	    "a limit of 0 says nothing about the share");
	ok(read_quota("{\"usage\":{\"limit\":100}}") == 0 && row_is(0, "7d", NAN, NAN, 100, NAN),
	    "a limit alone neither");
	ok(read_quota("{\"usages\":{\"limit_5h\":{\"used_ratio\":-0.0}}}") == 0 &&
	        !signbit(usage.windows[0].share.used_ratio),
	    "a share of -0.0 is 0");
	ok(read_quota("{\"usage\":{\"used\":5}}") == 0 && row_is(0, "7d", NAN, 5, NAN, NAN),
	    "there may be no limit");
	ok(read_quota("{\"usage\":{\"limit\":100,\"remaining\":150}}") == 0 &&
	        row_is(0, "7d", NAN, NAN, 100, NAN),
	    "more left than there is makes no sense");
	ok(read_quota("{\"usage\":{\"limit\":100,\"used\":120}}") == 0 && row_is(0, "7d", 1.2, 120, 100, NAN),
	    "more used than there is does");
	ok(read_quota(
	       "{\"usages\":{\"limit_5h\":{\"used_ratio\":\"0.5\"},\"limit_7d\":{},\"limit_1h\":{\"used_"
	       "ratio\":-1},\"limit_2h\":{\"used_ratio\":1e300},\"limit_3h\":{\"used_ratio\":null},"
	       "\"limit_4h\":7}}") == 0 &&
	        has_names("5h ") && row_is(0, "5h", 0.5, NAN, NAN, NAN),
	    "a ratio may be a text, and a row that makes no sense is left out");
	ok(read_quota("{\"usage\":{\"limit\":100,\"used\":10,\"resetTime\":\"2026-09-24T02:09:07Z\"},"
	              "\"usages\":{\"limit_7d\":{\"used_ratio\":0.2}}}") == 0 &&
	        row_is(0, "7d", 0.2, NAN, NAN, 1790215747),
	    "numbers that belong to another share are not mixed in, the reset is");
	ok(read_quota("{\"limits\":[{\"window\":{\"duration\":5,\"timeUnit\":\"TIME_UNIT_HOUR\"},\"detail\":{"
	              "\"limit\":10,\"used\":1}},{\"window\":{\"duration\":300,\"timeUnit\":\"TIME_UNIT_"
	              "MINUTE\"},\"detail\":{\"limit\":10,\"used\":9}},{\"window\":{\"duration\":300,"
	              "\"timeUnit\":\"TIME_UNIT_MINUTE\"},\"detail\":{\"limit\":10,\"used\":2}}]}") == 0 &&
	        has_names("5h ") && row_is(0, "5h", 0.9, 9, 10, NAN),
	    "a window that one part names three times is one row");
}

static void test_windows(void)
{
	ok(read_quota("{\"usages\":{\"limit_month_code\":{\"used_ratio\":0},\"limit_month_total\":{\"used_"
	              "ratio\":0},\"limit_month_a_b\":{\"used_ratio\":0},\"limit_30d\":{\"used_ratio\":0},"
	              "\"limit_1h\":{\"used_ratio\":0},\"limit_7d\":{\"used_ratio\":0},\"limit_5h\":{\"used_"
	              "ratio\":0},\"limit_48h\":{\"used_ratio\":0}}}") == 0 &&
	        has_names("5h 7d month month-code 1h 2d 30d month-a-b "),
	    "5h, 7d, month and month-code come first, then the others by length");
	ok(read_quota(
	       "{\"usages\":{\"limit_5h\":{\"used_ratio\":0},\"limit_0h\":{\"used_ratio\":0},\"limit_h\":{"
	       "\"used_ratio\":0},\"limit_-5h\":{\"used_ratio\":0},\"limit_5x\":{\"used_ratio\":0},"
	       "\"limit_5hh\":{\"used_ratio\":0},\"limit_month_\":{\"used_ratio\":0},\"limit_month_\\u001b\":"
	       "{\"used_ratio\":0},\"limit_month\":{\"used_ratio\":0},\"5h\":{\"used_ratio\":0},"
	       "\"limit_99999999999h\":{\"used_ratio\":0}}}") == 0 &&
	        has_names("5h "),
	    "other keys are ignored");
	ok(read_quota(
	       "{\"limits\":[{\"window\":{\"duration\":\"2\",\"timeUnit\":\"TIME_UNIT_WEEK\"},\"detail\":"
	       "{\"limit\":1,\"used\":0}},{\"window\":{\"duration\":1,\"timeUnit\":\"TIME_UNIT_DAY\"},"
	       "\"detail\":{\"limit\":1,\"used\":0}},{\"window\":{\"duration\":90,\"timeUnit\":\"TIME_UNIT_"
	       "MINUTE\"},\"detail\":{\"limit\":1,\"used\":0}},{\"window\":{\"duration\":1,\"timeUnit\":"
	       "\"TIME_UNIT_AGE\"},\"detail\":{\"limit\":1,\"used\":0}},{\"detail\":{\"limit\":1}},{"
	       "\"window\":{\"duration\":0,\"timeUnit\":\"TIME_UNIT_DAY\"},\"detail\":{\"limit\":1}},5,"
	       "null]}") == 0 &&
	        has_names("90m 1d 14d "),
	    "every unit is read, and a row without a length is left out");
	ok(read_quota(
	       "{\"usage\":{\"window\":{\"duration\":1,\"timeUnit\":\"TIME_UNIT_DAY\"},\"limit\":1}}") == 0 &&
	        has_names("1d "),
	    "usage is the week unless it says otherwise");
	ok(read_quota("{\"usage\":{\"window\":null,\"limit\":1}}") == 0 && has_names("7d ") &&
	        read_quota("{\"usage\":{\"window\":{},\"limit\":1}}") == 0 && has_names("7d "),
	    "and an empty window does not");
}

static void test_rest(void)
{
	ok(read_quota("{\"usage\":{\"limit\":1},\"user\":{\"membership\":{\"level\":\"LEVEL_\\u001b[31mX\"}},"
	              "\"subType\":\"TYPE_PURCHASE\"}") == 0 &&
	        strcmp(usage.plan, "LEVEL_[31mX") == 0,
	    "the level is the plan, and is cleaned");
	ok(read_quota(
	       "{\"usage\":{\"limit\":1},\"boosterWallet\":{\"balance\":{\"type\":\"BOOSTER\",\"amount\":"
	       "\"20000000000\",\"amountLeft\":\"10000000000\"},\"monthlyChargeLimitEnabled\":true,"
	       "\"monthlyChargeLimit\":{\"currency\":\"USD\",\"priceInCents\":\"20000\"},\"monthlyUsed\":"
	       "{\"currency\":\"USD\",\"priceInCents\":\"5000\"}}}") == 0 &&
	        usage.has_extra && usage.extra.total == 200 && usage.extra.left == 100 &&
	        usage.extra.monthly_limit == 200 && usage.extra.monthly_used == 50 &&
	        strcmp(usage.extra.currency, "USD") == 0,
	    "a wallet is read");
	ok(read_quota(
	       "{\"usage\":{\"limit\":1},\"boosterWallet\":{\"balance\":{\"type\":\"BOOSTER\",\"amount\":"
	       "100000000},\"monthlyChargeLimit\":{\"priceInCents\":5}}}") == 0 &&
	        usage.has_extra && usage.extra.total == 1 && isnan(usage.extra.left) &&
	        isnan(usage.extra.monthly_limit) && isnan(usage.extra.monthly_used) && !*usage.extra.currency,
	    "what it does not say is not known");
	ok(read_quota(
	       "{\"usage\":{\"limit\":1},\"boosterWallet\":{\"status\":\"STATUS_DISABLED\",\"balance\":"
	       "{\"type\":\"BOOSTER\"}}}") == 0 &&
	        !usage.has_extra,
	    "one that is switched off is none");
}

static void test_no_sense(void)
{
	static const char *const texts[] = {"{}", "[]", "null", "5", "{\"usages\":{}}", "{\"usages\":[]}",
	    "{\"limits\":{}}", "{\"usage\":{}}", "{\"usage\":{\"limit\":\"much\"}}", "{\"usage\":5}",
	    "{\"data\":{\"available_balance\":1}}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ok(read_quota(texts[i]) == -1 && *reason.text && !usage.count, "%s is no quota", texts[i]);
}

static void test_balance(void)
{
	ok(read_usage_of("moonshot-cn", "{\"code\":0,\"data\":{\"available_balance\":49.58894,\"voucher_"
	                                "balance\":46.58893,\"cash_balance\":"
	                                "3.00001},\"scode\":\"0x0\",\"status\":true}") == 0 &&
	        usage.has_balance && usage.balance.available == 49.58894 &&
	        usage.balance.voucher == 46.58893 && usage.balance.cash == 3.00001 &&
	        strcmp(usage.balance.currency, "CNY") == 0 && !usage.count,
	    "a balance in CNY");
	ok(read_usage_of("moonshot-ai", "{\"data\":{\"available_balance\":\"-1.5\",\"cash_balance\":-2}}") ==
	            0 &&
	        usage.balance.available == -1.5 && isnan(usage.balance.voucher) && usage.balance.cash == -2 &&
	        strcmp(usage.balance.currency, "USD") == 0,
	    "one in USD that is owed");
	ok(read_usage_of("moonshot-cn", "{\"code\":5,\"data\":{\"available_balance\":1}}") == -1 &&
	        strstr(reason.text, "code 5"),
	    "a code other than 0 is an error");
	ok(read_usage_of("moonshot-cn", "{\"code\":0,\"data\":{\"cash_balance\":1}}") == -1 &&
	        read_usage_of("moonshot-cn", "{\"code\":0}") == -1 &&
	        read_usage_of("moonshot-cn", "[]") == -1,
	    "without available_balance it is no balance");
}

static void test_reaches(void)
{
	struct err err = {0};

	read_quota("{\"usages\":{\"limit_5h\":{\"used_ratio\":0.29},\"limit_7d\":{\"used_ratio\":0.1}}}");
	ok(usage_reaches(&usage, 29, &err) == 1 && usage_reaches(&usage, 0, &err) == 1, "29%% reaches 29");
	ok(usage_reaches(&usage, 29.01, &err) == 0 && usage_reaches(&usage, 100, &err) == 0, "and no more");
	read_quota("{\"usage\":{\"limit\":0,\"used\":0}}");
	ok(usage_reaches(&usage, 0, &err) == -1 && err.code == ERR_PROTOCOL,
	    "where no share is known there is no answer");
	read_usage_of("moonshot-cn", "{\"data\":{\"available_balance\":0}}");
	ok(usage_reaches(&usage, 100, &err) == 1, "a balance of 0 is used up");
	read_usage_of("moonshot-cn", "{\"data\":{\"available_balance\":0.01}}");
	ok(usage_reaches(&usage, 0, &err) == 0, "one above it is not");
}

static void test_times(void)
{
	static const struct {
		const char *text;
		double seconds;
	} times[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2026-09-15T12:49:10Z", 1789476550},
	    {"2026-09-15T12:49:10.897370123Z", 1789476550},
	    {"9999-12-31T23:59:59.99999999999999999999Z", 253402300799},
	    {"2028-02-29T00:00:00Z", 1835395200},
	    {"2016-12-31T23:59:60Z", 1483228800},
	    {"2026-02-29T00:00:00Z", NAN},
	    {"2026-06-31T00:00:00Z", NAN},
	    {"2026-09-15t12:49:10z", 1789476550},
	    {"2026-09-15T20:49:10+08:00", 1789476550},
	    {"2026-09-15T07:19:10-05:30", 1789476550},
	    {"", NAN},
	    {"soon", NAN},
	    {"2026-09-15", NAN},
	    {"2026-09-15T12:49:10", NAN},
	    {"2026-09-15T12:49:10.Z", NAN},
	    {"2026-13-15T12:49:10Z", NAN},
	    {"2026-09-15T24:49:10Z", NAN},
	    {"2026-09-15T12:49:10Zx", NAN},
	    {"2026-09-15T12:49:10+0800", NAN},
	    {"-026-09-15T12:49:10Z", NAN},
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		double seconds = usage_read_time(times[i].text);
		ok(isnan(times[i].seconds) ? isnan(seconds) : fabs(seconds - times[i].seconds) < 1e-6,
		    "the time '%s'", times[i].text);
	}
	ok(isnan(usage_read_time(NULL)), "no time");
}

int main(void)
{
	json_start();
	test_vectors();
	test_shares();
	test_windows();
	test_rest();
	test_no_sense();
	test_balance();
	test_reaches();
	test_times();
	return tap_done();
}
