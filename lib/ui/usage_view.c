#include "ui/usage_view.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/term.h"
#include "base/text.h"
#include "format/json.h"
#include "ui/duration.h"
#include "ui/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TEXT = 4096, BAR = 8, NUMBER_MAX = 32, NUMBERS_MAX = 80, LABEL_MAX = 256, LABEL_WIDTH = 8 };

/* From which share on a window is told apart, as in kimi-code; never by colour alone. */
static const struct {
	double from;
	const char *words, *color;
} levels[] = {
    {1, "used up", "\033[31m"},
    {0.85, "low", "\033[31m"},
    {0.5, "half used", "\033[33m"},
    {-1, "", ""},
};

/* "27", "0.5"; "" for what is not known. */
static void number_text(double number, char ret_text[NUMBER_MAX])
{
	*ret_text = '\0';
	if (!isnan(number))
		snprintf(ret_text, NUMBER_MAX, "%.15g", number);
}

/* Kimi Code's own rounding: "27%". */
static void percent_text(double ratio, char ret_text[NUMBER_MAX])
{
	snprintf(ret_text, NUMBER_MAX, "?");
	if (!isnan(ratio))
		snprintf(ret_text, NUMBER_MAX, "%.0f%%", round(100 * ratio));
}

static void usage_view_print_clean(const char *text)
{
	struct buf clean;

	buf_init(&clean, MAX_TEXT);
	text_clean(&clean, text, strlen(text));
	fputs(clean.data, stdout);
	buf_release(&clean);
}

/* Which home and region, where there are several of it: "", "kimi-cli", "kimi-cli, global". */
static void place_text(const struct usage_login *login, bool several_homes, char ret_text[LABEL_MAX])
{
	const struct identity *who = &login->who;
	const char *region = "";

	if (who->region && who->region != who->platform->regions)
		region = who->region->name;
	snprintf(ret_text, LABEL_MAX, "%s%s%s", several_homes ? login->home->client->name : "",
	    several_homes && *region ? ", " : "", region);
}

static bool are_several_homes(const struct usage_login logins[], size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (logins[i].home != logins[0].home)
			return true;
	return false;
}

/* "resets 14:53 (2 h 15 min)" within a day, else "resets Aug  8 14:53 (3 days)"; local time. */
static void print_reset(double resets_at)
{
	static const double day = 86400;
	char span[SAY_SPAN_MAX], time_text[SAY_TIME_MAX];
	double left = resets_at - clock_now();
	time_t whole = (time_t)resets_at;
	struct tm parts;

	if (isnan(resets_at) || !localtime_r(&whole, &parts))
		return;
	if (left >= day)
		snprintf(span, sizeof(span), "%.0f day%s", left / day, left < 1.5 * day ? "" : "s");
	else
		say_span(left, span);
	strftime(time_text, sizeof(time_text), fabs(left) < day ? "%H:%M" : "%b %e %H:%M", &parts);
	if (left >= 1)
		printf("  resets %s (%s)", time_text, span);
	else
		printf("  was reset %s", time_text);
}

static void print_bar(double ratio)
{
	int full = isnan(ratio) ? 0 : (int)round(BAR * fmin(ratio, 1));

	for (int i = 0; i < BAR; i++)
		fputs(i < full ? "█" : "░", stdout);
}

/* "27/100" as far as the server says. */
static void numbers_text(const struct usage_share *share, char ret_text[NUMBERS_MAX])
{
	char used[NUMBER_MAX], limit[NUMBER_MAX];

	*ret_text = '\0';
	number_text(share->used, used);
	number_text(share->limit, limit);
	if (*used || *limit)
		snprintf(ret_text, NUMBERS_MAX, "%s/%s", *used ? used : "?", *limit ? limit : "?");
}

static void show_window(const struct usage_window *window, int name_width, int numbers_width, bool has_color)
{
	const struct usage_share *share = &window->share;
	char percent[NUMBER_MAX], numbers[NUMBERS_MAX];
	size_t level = 0;

	while (levels[level].from > 0 && !(share->used_ratio >= levels[level].from))
		level++;
	has_color = has_color && *levels[level].color;
	percent_text(share->used_ratio, percent);
	numbers_text(share, numbers);
	printf("  %-*s  %s", name_width, window->name, has_color ? levels[level].color : "");
	print_bar(share->used_ratio);
	printf(" %4s%s", percent, has_color ? "\033[0m" : "");
	if (numbers_width)
		printf("  %*s", numbers_width, numbers);
	print_reset(share->resets_at);
	if (*levels[level].words)
		printf("  %s", levels[level].words);
	putchar('\n');
}

static void show_windows(const struct usage *usage, bool has_color)
{
	int name_width = LABEL_WIDTH, numbers_width = 0;

	for (size_t i = 0; i < usage->count; i++) {
		char numbers[NUMBERS_MAX];
		numbers_text(&usage->windows[i].share, numbers);
		name_width = (int)fmax(name_width, (double)strlen(usage->windows[i].name));
		numbers_width = (int)fmax(numbers_width, (double)strlen(numbers));
	}
	for (size_t i = 0; i < usage->count; i++)
		show_window(&usage->windows[i], name_width, numbers_width, has_color);
}

static void show_balance(const struct usage_balance *balance, bool has_color)
{
	bool is_empty = balance->available <= 0;

	has_color = has_color && is_empty;
	printf("  %-*s  %s%.2f %s%s", LABEL_WIDTH, "balance", has_color ? "\033[31m" : "", balance->available,
	    balance->currency, has_color ? "\033[0m" : "");
	if (!isnan(balance->voucher) && !isnan(balance->cash))
		printf(" (vouchers %.2f, cash %.2f)", balance->voucher, balance->cash);
	puts(is_empty ? "  used up" : "");
}

/* What was bought on top of the plan. */
static void show_extra(const struct usage_extra *extra)
{
	const char *blank = *extra->currency ? " " : "";

	printf("  %-*s  ", LABEL_WIDTH, "extra");
	if (isnan(extra->left))
		printf("%.2f%s%s bought", extra->total, blank, extra->currency);
	else
		printf("%.2f of %.2f%s%s left", extra->left, extra->total, blank, extra->currency);
	if (!isnan(extra->monthly_used))
		printf("; %.2f used this month", extra->monthly_used);
	if (!isnan(extra->monthly_limit))
		printf(", at most %.2f a month", extra->monthly_limit);
	putchar('\n');
}

static void usage_view_show_login(const struct usage_login *login, bool several_homes, bool has_color)
{
	const struct identity *who = &login->who;
	const struct usage *usage = &login->usage;
	char place[LABEL_MAX];

	place_text(login, several_homes, place);
	printf("%s%s%s", who->platform->name, *who->account ? ", account " : "", who->account);
	if (*place)
		printf(" (%s)", place);
	putchar('\n');
	if (login->failed) {
		printf("  %-*s  ", LABEL_WIDTH, "error");
		usage_view_print_clean(login->err.what);
		putchar('\n');
		return;
	}
	if (usage->has_balance)
		show_balance(&usage->balance, has_color);
	show_windows(usage, has_color);
	if (usage->has_extra)
		show_extra(&usage->extra);
	if (*usage->plan)
		printf("  %-*s  %s\n", LABEL_WIDTH, "plan", usage->plan);
	if (!isnan(usage->parallel_limit))
		printf("  %-*s  %.15g requests at once\n", LABEL_WIDTH, "parallel", usage->parallel_limit);
}

static void print_row(
    const char *account, const char *window, double percent, double used, double limit, double resets_at)
{
	char texts[4][NUMBER_MAX];
	const double numbers[] = {percent, used, limit, floor(resets_at)};

	for (size_t i = 0; i < 4; i++)
		number_text(numbers[i], texts[i]);
	printf("%s\t%s\t%s\t%s\t%s\t%s\n", account, window, texts[0], texts[1], texts[2], texts[3]);
}

/* A failed login is a row without numbers; standard error has the reason. */
static void print_rows(const struct usage_login *login, bool several_homes)
{
	const struct identity *who = &login->who;
	const struct usage *usage = &login->usage;
	char account[2 * LABEL_MAX], window[USAGE_NAME_MAX], place[LABEL_MAX];

	place_text(login, several_homes, place);
	snprintf(account, sizeof(account), "%s%s%s%s%s%s", who->platform->id, *who->account ? "@" : "",
	    who->account, *place ? " (" : "", place, *place ? ")" : "");
	if (login->failed) {
		print_row(account, "error", NAN, NAN, NAN, NAN);
		return;
	}
	if (usage->has_balance) {
		snprintf(window, sizeof(window), "balance-%s", usage->balance.currency);
		print_row(account, window, NAN, NAN, usage->balance.available, NAN);
	}
	for (size_t i = 0; i < usage->count; i++) {
		const struct usage_share *share = &usage->windows[i].share;
		print_row(account, usage->windows[i].name, 100 * share->used_ratio, share->used, share->limit,
		    share->resets_at);
	}
}

void usage_show(const struct usage_login logins[], size_t count)
{
	bool several_homes = are_several_homes(logins, count);
	bool is_terminal = isatty(STDOUT_FILENO), has_color = is_terminal && term_has_color(STDOUT_FILENO);

	for (size_t i = 0; i < count; i++) {
		if (!is_terminal) {
			print_rows(&logins[i], several_homes);
			continue;
		}
		if (i)
			putchar('\n');
		usage_view_show_login(&logins[i], several_homes, has_color);
	}
}

static json_t *number_json(double number)
{
	return json_from_number(number); /* null for NAN */
}

static json_t *part_json(const char *name, const struct usage_share *part)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "part", name, "used_ratio",
	    number_json(part->used_ratio), "used", number_json(part->used), "limit", number_json(part->limit),
	    "resets_at", number_json(floor(part->resets_at)));
}

static json_t *window_json(const struct usage_window *window)
{
	const struct usage_share *share = &window->share;
	double left = floor(share->resets_at - clock_now());
	json_t *sources = json_array();

	for (size_t i = 0; i < USAGE_PARTS; i++)
		if (window->parts[i].is_there)
			json_array_append_new(sources, part_json(usage_part_names[i], &window->parts[i]));
	if (left < 0)
		left = 0;
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", window->name, "seconds",
	    number_json(window->seconds), "used_ratio", number_json(share->used_ratio), "used",
	    number_json(share->used), "limit", number_json(share->limit), "resets_at",
	    number_json(floor(share->resets_at)), "resets_in", number_json(left), "sources", sources);
}

static json_t *extra_json(const struct usage *usage)
{
	const struct usage_extra *extra = &usage->extra;

	if (!usage->has_extra)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:s?}", "total", number_json(extra->total), "left",
	    number_json(extra->left), "monthly_limit", number_json(extra->monthly_limit), "monthly_used",
	    number_json(extra->monthly_used), "currency", *extra->currency ? extra->currency : NULL);
}

static json_t *balance_json(const struct usage *usage)
{
	const struct usage_balance *balance = &usage->balance;

	if (!usage->has_balance)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:s}", "available", number_json(balance->available), "voucher",
	    number_json(balance->voucher), "cash", number_json(balance->cash), "currency", balance->currency);
}

static json_t *error_json(const struct usage_login *login)
{
	char what[sizeof(login->err.what)];

	if (!login->failed)
		return json_null();
	snprintf(what, sizeof(what), "%s", login->err.what);
	text_clean_inplace(what);
	return json_pack("{s:s, s:s}", "code", err_name(login->err.code), "message", what);
}

static json_t *usage_view_login_json(const struct usage_login *login)
{
	static const struct usage nothing = {.parallel_limit = NAN, .fetched_at = NAN};
	const struct usage *usage = login->failed ? &nothing : &login->usage;
	const struct identity *who = &login->who;
	json_t *windows = json_array();

	for (size_t i = 0; i < usage->count; i++)
		json_array_append_new(windows, window_json(&usage->windows[i]));
	return json_pack("{s:s, s:s?, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "platform",
	    who->platform->id, "account", *who->account ? who->account : NULL, "client",
	    login->home->client->name, "plan", *usage->plan ? usage->plan : NULL, "windows", windows,
	    "parallel_limit", number_json(usage->parallel_limit), "extra", extra_json(usage), "balance",
	    balance_json(usage), "fetched_at", number_json(floor(usage->fetched_at)), "error",
	    error_json(login));
}

static json_t *profile_json(const struct profile *profile)
{
	const char *name = *profile->name ? profile->name : NULL;
	const char *plan = *profile->plan ? profile->plan : NULL;
	const char *region = *profile->region ? profile->region : NULL;

	return json_pack("{s:s?, s:s?, s:s?}", "name", name, "plan", plan, "region", region);
}

void usage_show_json(const struct usage_login logins[], size_t count, const struct profile *profile_of_first)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, usage_view_login_json(&logins[i]));
	if (profile_of_first)
		json_object_set_new(json_array_get(list, 0), "profile", profile_json(profile_of_first));
	report_json(json_pack("{s:o}", "usages", list));
}

void usage_line(const struct usage *usage, bool with_age, char ret_line[USAGE_LINE_MAX])
{
	char percent[NUMBER_MAX], span[SAY_SPAN_MAX];
	struct buf line;

	buf_init(&line, USAGE_LINE_MAX - 1);
	if (usage->has_balance)
		buf_addf(&line, "%.2f %s", usage->balance.available, usage->balance.currency);
	for (size_t i = 0; i < usage->count; i++) {
		percent_text(usage->windows[i].share.used_ratio, percent);
		buf_addf(&line, "%s%s %s", i ? " " : "", usage->windows[i].name, percent);
	}
	if (with_age) {
		say_span(fmax(1, clock_now() - usage->fetched_at), span);
		buf_addf(&line, " (%s ago)", span);
	}
	snprintf(ret_line, USAGE_LINE_MAX, "%s", line.data);
	buf_release(&line);
}

void usage_show_line(const struct usage *usage, bool with_age)
{
	char line[USAGE_LINE_MAX];

	usage_line(usage, with_age, line);
	puts(line);
}
