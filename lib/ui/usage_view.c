#include "ui/usage_view.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/term.h"
#include "base/text.h"
#include "format/json.h"
#include "ui/duration.h"
#include "ui/layout.h"
#include "ui/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_TEXT = 4096,
	BAR = 8,
	NUMBER_MAX = 32,
	NUMBERS_MAX = 80,
	AMOUNTS_MAX = 700, /* two of the longest doubles */
	RESET_MAX = 120,
	LABEL_MAX = 256,
	LABEL_WIDTH = 10 /* "month-code" */
};

/* Levels as in kimi-code, shown by color and words, never by color alone. */
static const struct {
	double from;
	const char *words, *color;
} levels[] = {
    {1, "used up", "\033[31m"},
    {0.85, "low", "\033[31m"},
    {0.5, "half used", "\033[33m"},
    {-1, "", ""},
};

/* "27", "0.5"; "" if not known. */
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

/* The home and the region, if they are not the default ones: "", "kimi-cli", "kimi-cli, global". */
static void origin_text(const struct usage_login *login, bool several_homes, char ret_text[LABEL_MAX])
{
	const struct account *account = &login->account;
	const char *region = "", *client = "", *joint = "";

	if (account->region && account->region != account->platform->regions)
		region = account->region->name;
	if (several_homes)
		client = login->account.home->client->name;
	if (*client && *region)
		joint = ", ";
	snprintf(ret_text, LABEL_MAX, "%s%s%s", client, joint, region);
}

static bool are_several_homes(const struct usage_login logins[], size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (logins[i].account.home != logins[0].account.home)
			return true;
	return false;
}

void usage_label(const struct usage_login logins[], size_t count, size_t i, char ret_label[USAGE_LABEL_MAX])
{
	const struct account *account = &logins[i].account;
	char origin[LABEL_MAX];
	size_t len = (size_t)snprintf(ret_label, USAGE_LABEL_MAX, "%s", account->platform->id);

	if (*account->name)
		len += (size_t)snprintf(ret_label + len, USAGE_LABEL_MAX - len, "@%s", account->name);
	origin_text(&logins[i], are_several_homes(logins, count), origin);
	if (*origin)
		snprintf(ret_label + len, USAGE_LABEL_MAX - len, " (%s)", origin);
}

/* A line of the screen, which goes on below `indent` where the terminal is too narrow for the next text. */
struct usage_row {
	size_t indent, column;
	int gap; /* columns between two texts */
};

static void usage_row_add(struct usage_row *row, const char *text)
{
	size_t columns = text_width(text);

	if (!columns)
		return;
	if (row->column + (size_t)row->gap + columns > term_width(STDOUT_FILENO)) {
		printf("\n%*s%s", (int)row->indent, "", text);
		row->column = row->indent + columns;
	} else {
		printf("%*s%s", row->gap, "", text);
		row->column += (size_t)row->gap + columns;
	}
}

/* "resets 14:53 (2 h 15 min)" within a day, else "resets Aug  8 14:53 (3 days)"; local time. */
static void reset_text(double resets_at, char ret_text[RESET_MAX])
{
	static const double day = 86400;
	char span[DURATION_SPAN_MAX], time_text[DURATION_TIME_MAX];
	double left = resets_at - clock_now();
	time_t whole = (time_t)resets_at;
	struct tm parts;

	*ret_text = '\0';
	if (isnan(resets_at) || !localtime_r(&whole, &parts))
		return;
	if (left >= 1.5 * day)
		snprintf(span, sizeof(span), "%.0f days", left / day);
	else if (left >= day)
		snprintf(span, sizeof(span), "1 day");
	else
		duration_span(left, span);
	if (fabs(left) < day)
		strftime(time_text, sizeof(time_text), "%H:%M", &parts);
	else
		strftime(time_text, sizeof(time_text), "%b %e %H:%M", &parts);
	if (left >= 1)
		snprintf(ret_text, RESET_MAX, "resets %s (%s)", time_text, span);
	else
		snprintf(ret_text, RESET_MAX, "was reset %s", time_text);
}

static void print_bar(double ratio)
{
	int full = 0;

	if (!isnan(ratio))
		full = (int)round(BAR * fmin(ratio, 1));
	for (int i = 0; i < full; i++)
		fputs("█", stdout);
	for (int i = full; i < BAR; i++)
		fputs("░", stdout);
}

/* "27/100"; "?" for what the server did not send. */
static void numbers_text(const struct usage_share *share, char ret_text[NUMBERS_MAX])
{
	char used[NUMBER_MAX] = "?", limit[NUMBER_MAX] = "?";

	*ret_text = '\0';
	if (isnan(share->used) && isnan(share->limit))
		return;
	if (!isnan(share->used))
		number_text(share->used, used);
	if (!isnan(share->limit))
		number_text(share->limit, limit);
	snprintf(ret_text, NUMBERS_MAX, "%s/%s", used, limit);
}

static void show_window(const struct usage_window *window, int name_width, int numbers_width)
{
	const struct usage_share *share = &window->share;
	const char *color, *plain = "";
	char percent[NUMBER_MAX], numbers[NUMBERS_MAX], padded[NUMBERS_MAX], reset[RESET_MAX];
	size_t bar_at = (size_t)name_width + 4;
	struct usage_row row = {.indent = 4, .column = bar_at + BAR + strlen(" 100%"), .gap = 2};
	size_t level = 0;

	while (levels[level].from > 0 && !(share->used_ratio >= levels[level].from))
		level++;
	color = term_style(STDOUT_FILENO, levels[level].color);
	if (*color)
		plain = "\033[0m";
	percent_text(share->used_ratio, percent);
	numbers_text(share, numbers);
	printf("  %-*s  %s", name_width, window->name, color);
	print_bar(share->used_ratio);
	printf(" %4s%s", percent, plain);
	snprintf(padded, sizeof(padded), "%*s", numbers_width, numbers);
	if (*numbers)
		usage_row_add(&row, padded);
	else if (numbers_width)
		row.gap += numbers_width + row.gap; /* the column stays empty */
	reset_text(share->resets_at, reset);
	usage_row_add(&row, reset);
	if (*reset)
		row.gap = 2;
	usage_row_add(&row, levels[level].words);
	putchar('\n');
}

static void show_windows(const struct usage *usage)
{
	int name_width = LABEL_WIDTH, numbers_width = 0;

	for (size_t i = 0; i < usage->count; i++) {
		char numbers[NUMBERS_MAX];
		numbers_text(&usage->windows[i].share, numbers);
		name_width = (int)fmax(name_width, (double)strlen(usage->windows[i].name));
		numbers_width = (int)fmax(numbers_width, (double)strlen(numbers));
	}
	for (size_t i = 0; i < usage->count; i++)
		show_window(&usage->windows[i], name_width, numbers_width);
}

static void show_balance(const struct usage_balance *balance)
{
	bool is_empty = balance->available <= 0;
	const char *color = "", *plain = "";
	char amount[AMOUNTS_MAX], parts[AMOUNTS_MAX] = "";
	struct usage_row row = {.indent = 4, .gap = 1};

	if (is_empty) {
		color = term_style(STDOUT_FILENO, "\033[31m");
		plain = term_style(STDOUT_FILENO, "\033[0m");
	}
	snprintf(amount, sizeof(amount), "%.2f %s", balance->available, balance->currency);
	printf("  %-*s  %s%s%s", LABEL_WIDTH, "balance", color, amount, plain);
	row.column = LABEL_WIDTH + 4 + strlen(amount);
	if (!isnan(balance->voucher) && !isnan(balance->cash))
		snprintf(parts, sizeof(parts), "(vouchers %.2f, cash %.2f)", balance->voucher, balance->cash);
	usage_row_add(&row, parts);
	row.gap = 2;
	if (is_empty)
		usage_row_add(&row, "used up");
	putchar('\n');
}

/* What was bought on top of the plan. */
static void show_extra(const struct usage_extra *extra)
{
	const char *blank = "";
	struct buf text;

	buf_init(&text, MAX_TEXT);
	if (*extra->currency)
		blank = " ";
	if (isnan(extra->left))
		buf_addf(&text, "%.2f%s%s bought", extra->total, blank, extra->currency);
	else
		buf_addf(&text, "%.2f of %.2f%s%s left", extra->left, extra->total, blank, extra->currency);
	if (!isnan(extra->monthly_used) && !isnan(extra->monthly_limit))
		buf_addf(&text, "; %.2f of at most %.2f used this month", extra->monthly_used,
		    extra->monthly_limit);
	else if (!isnan(extra->monthly_used))
		buf_addf(&text, "; %.2f used this month", extra->monthly_used);
	else if (!isnan(extra->monthly_limit))
		buf_addf(&text, "; at most %.2f a month", extra->monthly_limit);
	layout_field(LABEL_WIDTH + 4, "extra", text.data);
	buf_release(&text);
}

static void usage_view_show_login(const struct usage_login *login, bool several_homes)
{
	const struct usage *usage = &login->usage;
	char origin[LABEL_MAX], name[ACCOUNT_TITLE_MAX];

	origin_text(login, several_homes, origin);
	account_title(&login->account, name);
	fputs(name, stdout);
	if (*origin)
		printf(" (%s)", origin);
	putchar('\n');
	if (login->failed) {
		layout_field(LABEL_WIDTH + 4, "error", login->err.what);
		return;
	}
	if (usage->has_balance)
		show_balance(&usage->balance);
	show_windows(usage);
	if (usage->has_extra)
		show_extra(&usage->extra);
	if (*usage->plan)
		layout_field(LABEL_WIDTH + 4, "plan", usage->plan);
	if (!isnan(usage->parallel_limit))
		printf("  %-*s  %.15g requests at once\n", LABEL_WIDTH, "parallel", usage->parallel_limit);
}

/* The numbers are the used percent, used, limit and the reset time; NAN: not known. */
static void print_row(const char *account, const char *window, const double numbers[4])
{
	char texts[4][NUMBER_MAX];

	for (size_t i = 0; i < 4; i++)
		number_text(numbers[i], texts[i]);
	printf("%s\t%s\t%s\t%s\t%s\t%s\n", account, window, texts[0], texts[1], texts[2], texts[3]);
}

/* A failed login is a row without numbers; the error is on standard error. */
static void print_rows(const struct usage_login *login, const char *label)
{
	const struct usage *usage = &login->usage;
	char window[USAGE_NAME_MAX];

	if (login->failed) {
		print_row(label, "error", (const double[]){NAN, NAN, NAN, NAN});
		return;
	}
	if (usage->has_balance) {
		snprintf(window, sizeof(window), "balance-%s", usage->balance.currency);
		print_row(label, window, (const double[]){NAN, NAN, usage->balance.available, NAN});
	}
	for (size_t i = 0; i < usage->count; i++) {
		const struct usage_share *share = &usage->windows[i].share;
		print_row(label, usage->windows[i].name,
		    (const double[]){100 * share->used_ratio, share->used, share->limit, share->resets_at});
	}
}

void usage_show(const struct usage_login logins[], size_t count)
{
	bool several_homes = are_several_homes(logins, count);
	bool is_terminal = isatty(STDOUT_FILENO);
	char label[USAGE_LABEL_MAX];

	for (size_t i = 0; i < count; i++) {
		if (!is_terminal) {
			usage_label(logins, count, i, label);
			print_rows(&logins[i], label);
			continue;
		}
		if (i)
			putchar('\n');
		usage_view_show_login(&logins[i], several_homes);
	}
}

static json_t *part_json(const char *name, const struct usage_share *part)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "part", name, "used_ratio",
	    json_from_number(part->used_ratio), "used", json_from_number(part->used), "limit",
	    json_from_number(part->limit), "resets_at", json_from_number(part->resets_at));
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
	    json_from_number(window->seconds), "used_ratio", json_from_number(share->used_ratio), "used",
	    json_from_number(share->used), "limit", json_from_number(share->limit), "resets_at",
	    json_from_number(share->resets_at), "resets_in", json_from_number(left), "sources", sources);
}

static json_t *extra_json(const struct usage *usage)
{
	const struct usage_extra *extra = &usage->extra;

	if (!usage->has_extra)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:s?}", "total", json_from_number(extra->total), "left",
	    json_from_number(extra->left), "monthly_limit", json_from_number(extra->monthly_limit),
	    "monthly_used", json_from_number(extra->monthly_used), "currency", text_or_null(extra->currency));
}

static json_t *balance_json(const struct usage *usage)
{
	const struct usage_balance *balance = &usage->balance;

	if (!usage->has_balance)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:s}", "available", json_from_number(balance->available), "voucher",
	    json_from_number(balance->voucher), "cash", json_from_number(balance->cash), "currency",
	    balance->currency);
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
	const struct account *account = &login->account;
	json_t *windows = json_array();

	for (size_t i = 0; i < usage->count; i++)
		json_array_append_new(windows, window_json(&usage->windows[i]));
	return json_pack("{s:s, s:s?, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "platform",
	    account->platform->id, "account", text_or_null(account->name), "client",
	    login->account.home->client->name, "plan", text_or_null(usage->plan), "windows", windows,
	    "parallel_limit", json_from_number(usage->parallel_limit), "extra", extra_json(usage), "balance",
	    balance_json(usage), "fetched_at", json_from_number(floor(usage->fetched_at)), "error",
	    error_json(login));
}

static json_t *profile_json(const struct profile *profile)
{
	return json_pack("{s:s?, s:s?, s:s?}", "name", text_or_null(profile->name), "plan",
	    text_or_null(profile->plan), "region", text_or_null(profile->region));
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
	char percent[NUMBER_MAX], span[DURATION_SPAN_MAX];
	struct buf line;

	buf_init(&line, USAGE_LINE_MAX - 1);
	if (usage->has_balance)
		buf_addf(&line, "%.2f %s", usage->balance.available, usage->balance.currency);
	for (size_t i = 0; i < usage->count; i++) {
		percent_text(usage->windows[i].share.used_ratio, percent);
		buf_addf(&line, "%s%s %s", i ? " " : "", usage->windows[i].name, percent);
	}
	if (with_age) {
		duration_span(fmax(1, clock_now() - usage->fetched_at), span);
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
