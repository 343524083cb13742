#include "ui/status_view.h"

#include "api/usage_cache.h"
#include "auth/history.h"
#include "base/clock.h"
#include "base/term.h"
#include "base/text.h"
#include "config/view.h"
#include "format/json.h"
#include "ui/duration.h"
#include "ui/layout.h"
#include "ui/report.h"
#include "ui/table.h"
#include "ui/usage_view.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TEXT = 4096, LABEL_WIDTH = 14 };

/* "  label         text" */
static void status_view_field(const char *label, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void status_view_field(const char *label, const char *format, ...)
{
	char text[MAX_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	layout_field(LABEL_WIDTH + 3, label, text);
}

static void show_problem(const struct problem *problem)
{
	status_view_field("problem", "%s", problem->message);
	if (*problem->remedy)
		status_view_field("", "-> %s", problem->remedy);
}

/* Describes how long the access token is valid, or what is wrong. */
static void state_words(const struct status *status, char *ret_text, size_t size)
{
	char span[DURATION_SPAN_MAX];
	double left = status->expires_at - clock_now();
	bool is_key = !*status->account.key || !*status->path;

	duration_span(left, span);
	if (status->error.code != ERR_NONE)
		snprintf(ret_text, size,
		    status->state == STATUS_EXPIRED ? "cannot be read now" : "damaged; log in again");
	else if (status->state == STATUS_LOGGED_OUT)
		snprintf(ret_text, size, "none; not logged in");
	else if (status->state == STATUS_FRESH && status->expires_at <= 0)
		snprintf(
		    ret_text, size, is_key ? "valid, and does not expire" : "valid; it is never renewed");
	else if (left >= 1 && status->can_refresh)
		snprintf(ret_text, size, "valid for %s, renewed automatically", span);
	else if (left >= 1)
		snprintf(ret_text, size, "valid for %s, then log in again", span);
	else if (status->state == STATUS_EXPIRED && status->can_refresh)
		snprintf(ret_text, size, "expired, renewed when it is next needed");
	else
		snprintf(ret_text, size, "expired; log in again");
}

/* Green: good. Red: a person must log in. */
static void show_state(const struct status *status)
{
	bool well = status->state == STATUS_FRESH || (status->state == STATUS_DUE && status->can_refresh);
	bool bad = status_judge(status, 0) == STATUS_NEEDS_LOGIN;
	const char *color = "\033[33m", *label = "access token";
	char words[MAX_TEXT];

	if (well)
		color = "\033[32m";
	else if (bad)
		color = "\033[31m";
	if (status->storage && strcmp(status->storage, "config") == 0)
		label = "API key";
	state_words(status, words, sizeof(words));
	printf("  %-*s %s", LABEL_WIDTH, label, term_style(STDOUT_FILENO, color));
	layout_print(LABEL_WIDTH + 3, words);
	puts(term_style(STDOUT_FILENO, "\033[0m"));
}

static void show_storage(const struct status *status)
{
	char config[HOME_PATH_MAX], path[HOME_PATH_MAX];

	if (strcmp(status->storage, "keyring") == 0) {
		status_view_field("stored in", "the keyring");
	} else if (strcmp(status->storage, "config") == 0) {
		home_path(status->account.home, HOME_CONFIG, config);
		layout_path(config, path, sizeof(path));
		status_view_field("stored in", "%s", path);
	} else {
		layout_path(status->path, path, sizeof(path));
		status_view_field("stored in", "%s (private file)", path);
	}
}

/* When this login was made, from the history of its home; 0: not known. */
static double login_time(const struct status *status)
{
	const struct account *account = &status->account;
	json_t *lines = NULL;
	const json_t *line;
	double at = 0;
	size_t i;

	if (history_read(account->home, 1, &lines, NULL) < 0)
		return 0;
	history_select(lines, account->platform->id, account->name);
	json_array_foreach(lines, i, line)
	{
		if (strcmp(json_text(line, "event"), "login") == 0 &&
		    strcmp(json_text(line, "outcome"), "ok") == 0)
			json_number(line, "time", &at);
	}
	json_decref(lines);
	return at;
}

static void show_times(const struct status *status, bool verbose)
{
	char time[DURATION_TIME_MAX];
	double logged_in = status->storage ? login_time(status) : 0;

	if (logged_in > 0) {
		duration_day(logged_in, time);
		status_view_field("logged in", "%s", time);
	}
	if (verbose && status->known.last_refresh > 0) {
		duration_time(status->known.last_refresh, time);
		status_view_field("last refresh", "%s", time);
	}
	if (verbose && status->expires_at > 0) {
		duration_time(status->expires_at, time);
		status_view_field(status->expires_at > clock_now() ? "expires" : "expired", "%s", time);
	}
}

/* What Kimi says: who is logged in, and how much of the quota or balance is used. */
static void show_online(const struct online *facts)
{
	static const char *const names[] = {"name", "plan", "region"};
	const char *window = json_text(facts->window, "name");
	const char *currency = json_text(facts->balance, "currency");
	char person[MAX_TEXT] = "";
	const char *plural = "s";
	double number;

	if (facts->models == 1)
		plural = "";
	status_view_field("online", "accepted by Kimi, %zu model%s", facts->models, plural);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = json_text(facts->profile, names[i]);
		size_t len = strlen(person);
		if (text)
			snprintf(person + len, sizeof(person) - len, "%s%.200s", len ? ", " : "", text);
	}
	if (*person)
		status_view_field("logged in as", "%s", person);
	if (window && json_number(facts->window, "used_ratio", &number))
		status_view_field("most used", "%s %.0f%%", window, round(100 * number));
	if (currency && json_number(facts->balance, "available", &number))
		status_view_field("balance", "%.2f %s", number, currency);
}

/* Shows the cached quota without a request. After a week every window has been reset. */
static void show_cached_usage(const struct status *status)
{
	static const double week = 7 * 86400;
	char line[USAGE_LINE_MAX];
	struct usage usage;

	if (!usage_cache_look(&status->account, week, &usage))
		return;
	usage_line(&usage, true, line);
	status_view_field("quota", "%s", line);
}

/* With several homes, each login shows its home and the option for it. */
static bool are_in_several_homes(const struct status_list *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (list->items[i].account.home != list->items[0].account.home)
			return true;
	return false;
}

static void status_view_show_login(const struct status *status, bool name_home, bool verbose)
{
	const struct account *account = &status->account;
	char home[HOME_PATH_MAX], name[ACCOUNT_TITLE_MAX];

	account_title(account, name);
	puts(name);
	for (size_t i = 0; i < status->problems.count; i++)
		show_problem(&status->problems.items[i]);
	show_state(status);
	if (name_home) {
		layout_path(status->account.home->directory, home, sizeof(home));
		status_view_field("home", "%s (--client %s)", home, status->account.home->client->name);
	}
	if (account->region && status->account.home->client->has_slots)
		status_view_field("region", "%s (%s)", account->region->name, account->region->site);
	if (status->storage)
		show_storage(status);
	show_times(status, verbose);
	if (*status->default_model)
		status_view_field(
		    "default model", "%s", config_key_id(account->platform, status->default_model));
	if (status->online == STATUS_ONLINE)
		show_online(&status->facts);
	else if (isatty(STDOUT_FILENO))
		show_cached_usage(status);
}

static void show_ignored(const struct settings *sources)
{
	size_t width = LABEL_WIDTH;

	for (size_t i = 0; i < sources->ignored_count; i++)
		if (strlen(sources->ignored[i].name) > width)
			width = strlen(sources->ignored[i].name);
	if (sources->ignored_count)
		printf("\nVariables without effect\n");
	for (size_t i = 0; i < sources->ignored_count; i++)
		layout_field(width + 3, sources->ignored[i].name, sources->ignored[i].reason);
}

static void show_settings(const struct settings *sources, bool all)
{
	bool any = false;

	for (size_t i = 0; i < sources->count; i++) {
		const struct setting *source = &sources->items[i];
		if (source->is_usual && !all)
			continue;
		if (!any)
			printf("\nSettings\n");
		any = true;
		status_view_field(source->what, "%s (%s)", source->value, source->from);
	}
}

void status_show(const struct status_list *list, const struct settings *sources, bool verbose)
{
	for (size_t i = 0; i < list->general.count; i++)
		show_problem(&list->general.items[i]);
	if (list->general.count)
		putchar('\n');
	for (size_t i = 0; i < list->count; i++) {
		if (i)
			putchar('\n');
		status_view_show_login(&list->items[i], are_in_several_homes(list), verbose);
	}
	if (!list->count)
		printf("Not logged in; run 'kimi login'.\n");
	show_settings(sources, verbose);
	show_ignored(sources);
}

static void add_problems(json_t *list, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *problem = &problems->items[i];
		json_array_append_new(
		    list, json_pack("{s:s, s:o, s:o}", "code", problem->code, "message",
		              json_from_text(problem->message), "remedy", json_from_text(problem->remedy)));
	}
}

static json_t *time_or_null(double epoch)
{
	/* Ignore numbers in files that cannot be a time. */
	if (epoch > 0 && epoch < 9e15)
		return json_integer((json_int_t)floor(epoch));
	return json_null();
}

static json_t *status_view_login_json(const struct status *status, const struct problems *general)
{
	double left = status->expires_at - clock_now();
	json_t *problems = json_array();

	add_problems(problems, &status->problems);
	add_problems(problems, general);
	const struct region *region = status->account.region;
	json_t *login = json_pack("{s:s, s:s?, s:s, s:o, s:s?, s:s, s:s?, s:o, s:o, s:o, s:o, s:o}",
	    "platform", status->account.platform->id, "account", text_or_null(status->account.name), "client",
	    status->account.home->client->name, "home", json_from_text(status->account.home->directory),
	    "region", region ? region->name : NULL, "state", status_state_name(status->state), "storage",
	    status->storage, "expires_at", time_or_null(status->expires_at), "expires_in",
	    status->expires_at > 0 ? json_from_number(floor(left > 0 ? left : 0)) : json_null(),
	    "last_refresh", time_or_null(status->known.last_refresh), "default_model",
	    *status->default_model ? json_from_text(status->default_model) : json_null(), "problems",
	    problems);
	if (status->online != STATUS_NOT_ASKED) {
		json_object_set_new(login, "online", json_boolean(status->online == STATUS_ONLINE));
		json_object_set_new(login, "profile", json_pack("O?", status->facts.profile));
		json_object_set_new(login, "most_used", json_pack("O?", status->facts.window));
		json_object_set_new(login, "balance", json_pack("O?", status->facts.balance));
	}
	return login;
}

void status_show_proxies(const json_t *proxies)
{
	const json_t *proxy;
	size_t i;

	if (json_array_size(proxies))
		printf("\nkimi proxy\n");
	json_array_foreach(proxies, i, proxy)
	{
		const char *command = json_text(proxy, "command");
		double pid = 0;
		json_number(proxy, "pid", &pid);
		status_view_field(i ? "" : "listens on", "%s (process %.0f%s%.200s)", json_text(proxy, "url"),
		    pid, command ? ", for " : "", text_or_empty(command));
	}
}

void status_show_json(const struct status_list *list, json_t *proxies)
{
	json_t *logins = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(logins, status_view_login_json(&list->items[i], &list->general));
	json_t *status = json_pack("{s:o}", "logins", logins);
	if (json_array_size(proxies))
		json_object_set(status, "proxies", proxies);
	json_decref(proxies);
	report_json(status);
}

void status_show_line(const struct status *status)
{
	const char *words =
	    status->state == STATUS_LOGGED_OUT ? "logged out" : status_state_name(status->state);
	double left = status->expires_at - clock_now();
	char span[DURATION_SPAN_MAX] = "";

	if (status->state == STATUS_FRESH && status->expires_at == 0)
		words = status->path[0] ? "good" : "API key";
	if (status->error.code != ERR_NONE)
		words = status->state == STATUS_LOGGED_OUT ? "damaged" : "not readable";
	if (left >= 1)
		duration_span(left, span);
	printf("%s%s%s %s%s%s\n", status->account.platform->id, *status->account.name ? "@" : "",
	    status->account.name, words, *span ? " " : "", span);
}

static const char *text_or_dash(const json_t *line, const char *name)
{
	const char *text = json_text(line, name);

	if (text)
		return text;
	return "-";
}

/* On a terminal, shortens the time and joins platform and account to fit 80 columns. */
static void add_event(struct table *table, const json_t *line, bool terminal)
{
	const char *account = json_text(line, "account"), *event = json_text(line, "event"),
	           *storage = text_or_dash(line, "storage"), *outcome = json_text(line, "outcome"),
	           *platform = json_text(line, "platform"), *program = json_text(line, "program");
	const char *client = json_text(line, "client");
	char time[DURATION_TIME_MAX], login[256], origin[40] = "";
	double epoch = 0;

	if (client)
		snprintf(origin, sizeof(origin), " (%s)", client);

	json_number(line, "time", &epoch);
	duration_time(epoch, time);
	if (!terminal) {
		snprintf(login, sizeof(login), "%s%s", platform, origin);
		table_add(table, (const char *const[]){
		                     time, event, login, account ? account : "-", storage, outcome, program});
		return;
	}
	time[strlen("2026-11-24 15:04:05")] = '\0';
	snprintf(
	    login, sizeof(login), "%s%s%s%s", platform, account ? "@" : "", text_or_empty(account), origin);
	table_add(table, (const char *const[]){time, event, login, storage, outcome, program});
}

void status_show_history(const json_t *lines)
{
	static const char *const columns[] = {
	    "TIME", "EVENT", "PLATFORM", "ACCOUNT", "STORAGE", "OUTCOME", "PROGRAM"};
	static const char *const columns_of_terminal[] = {
	    "TIME", "EVENT", "LOGIN", "STORAGE", "OUTCOME", "PROGRAM"};
	bool terminal = isatty(STDOUT_FILENO);
	struct table table;
	const json_t *line;
	size_t i;

	if (!json_array_size(lines))
		return;
	table_init(&table, terminal ? columns_of_terminal : columns, terminal ? 6 : 7);
	json_array_foreach(lines, i, line)
	{
		add_event(&table, line, terminal);
	}
	table_print(&table, stdout, terminal);
	table_release(&table);
}
