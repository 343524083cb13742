#include "cli/refresh_watch.h"

#include "auth/api_key.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/sd_notify.h"
#include "base/signals.h"
#include "cli/refresh_one.h"
#include "ui/duration.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TITLES = 4096 };

/* What is known about a login since the last check. */
struct watched {
	const struct home *home;
	char key[ACCOUNT_KEY_MAX];
	enum err_code error; /* of the last check: each error is reported once */
	bool force;          /* the machine slept, and no refresh has succeeded since */
};

struct watch {
	struct refresh_watch_options options;
	struct watched *list;
	size_t count;
	double wall;    /* both clocks at the last check */
	long long mono; /* ms */
	bool woke;      /* the machine slept since then */
	int children;   /* of process_adopt_orphans() */
};

static struct watched *refresh_watch_find(struct watch *w, const struct home *home, const char *key)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].home == home && strcmp(w->list[i].key, key) == 0)
			return &w->list[i];
	struct watched *list = reallocarray(w->list, w->count + 1, sizeof(*list));
	if (!list)
		return NULL;
	w->list = list;
	w->list[w->count] = (struct watched){.home = home, .error = ERR_NONE};
	snprintf(w->list[w->count].key, sizeof(w->list->key), "%s", key);
	return &w->list[w->count++];
}

static void refresh_watch_fail(const struct watch *w, struct watched *login, const struct err *reason)
{
	bool is_news = reason->code != login->error;

	login->error = reason->code;
	if (!err_is_temporary(reason->code))
		login->force = false; /* asking again will not help */
	if (is_news && !(w->options.report->quiet && err_is_temporary(reason->code)))
		report_error(w->options.report, reason);
}

static int refresh_watch_refresh(
    struct watch *w, const struct account *account, struct watched *login, struct err *err)
{
	struct refresh_options options = *w->options.refresh;
	struct refresh_one one = {
	    .report = w->options.report,
	    .account = account,
	    .options = &options,
	    .several_homes = w->options.home_count > 1,
	};

	if (w->woke)
		login->force = true;
	options.force = login->force;
	if (refresh_one_run(&one, err) < 0)
		return -1;
	int result = refresh_one_foresee(&one, err);
	if (result == 0 && (one.outcome != REFRESH_NOT_NEEDED || login->error != ERR_NONE))
		refresh_one_tell(&one);
	if (result == 0)
		login->error = ERR_NONE;
	login->force = false;
	token_clear(&one.token);
	return result;
}

/* Checks one login. Returns false if there is no such login. */
static bool refresh_watch_check(struct watch *w, const struct account *account)
{
	struct watched *login = refresh_watch_find(w, account->home, account->key);
	struct err reason = {0};

	if (!login)
		return false;
	if (refresh_watch_refresh(w, account, login, &reason) == 0)
		return true;
	if (reason.code == ERR_LOGIN_REQUIRED && !w->options.only)
		return false;
	if (reason.code != ERR_INTERRUPTED)
		refresh_watch_fail(w, login, &reason);
	return true;
}

/* *ret_found: the home has a login, or an API key, which never needs a refresh. */
static int refresh_watch_check_home(
    struct watch *w, const struct home *home, bool *ret_found, struct err *err)
{
	size_t count = 0;
	struct account *list = account_list(home, ACCOUNTS_WITH_TOKENS, &count, err);

	if (!list)
		return -1;
	for (size_t i = 0; i < count && !signals_caught(); i++)
		if (refresh_watch_check(w, &list[i]))
			*ret_found = true;
	free(list);
	if (!*ret_found)
		*ret_found = api_key_is_stored(home, NULL);
	return 0;
}

static int refresh_watch_check_all(struct watch *w, struct err *err)
{
	bool found = false;

	if (w->options.only) {
		refresh_watch_check(w, w->options.only);
		return 0;
	}
	for (size_t i = 0; i < w->options.home_count; i++)
		if (refresh_watch_check_home(w, &w->options.homes[i], &found, err) < 0)
			return -1;
	/* Report a missing login once, as an error of the default account in the first home. */
	if (found || signals_caught())
		return 0;
	struct watched *first = refresh_watch_find(w, &w->options.homes[0], "");
	struct err none;
	if (first) {
		err_set(&none, ERR_LOGIN_REQUIRED, "run 'kimi login'", "not logged in");
		refresh_watch_fail(w, first, &none);
	}
	return 0;
}

static void compare_clocks(struct watch *w)
{
	double wall = clock_now();
	long long mono = clock_ms();
	double slept = wall - w->wall - (double)(mono - w->mono) / 1000;

	w->woke = slept > 2 * w->options.interval;
	w->wall = wall;
	w->mono = mono;
	if (w->woke) {
		char span[DURATION_SPAN_MAX];
		duration_span(slept, span);
		report_tell(w->options.report, "info", NULL, "the computer slept for %s", span);
	}
}

static void add_title(struct buf *titles, const struct account *account, bool with_client)
{
	char title[ACCOUNT_TITLE_MAX];

	if (titles->len)
		buf_addstr(titles, "; ");
	account_title(account, title);
	buf_addstr(titles, title);
	if (with_client)
		buf_addf(titles, " (%s)", account->home->client->name);
}

/* Tells a person what is watched and how to stop it. */
static void tell_start(const struct watch *w)
{
	bool several_homes = w->options.home_count > 1;
	struct buf titles;

	buf_init(&titles, MAX_TITLES);
	if (w->options.only)
		add_title(&titles, w->options.only, false);
	for (size_t i = 0; i < w->options.home_count && !w->options.only; i++) {
		size_t count = 0;
		struct account *list = account_list(&w->options.homes[i], ACCOUNTS_WITH_TOKENS, &count, NULL);
		for (size_t j = 0; j < count; j++)
			if (account_is_stored(&list[j]))
				add_title(&titles, &list[j], several_homes);
		free(list);
	}
	if (titles.len)
		report_note(
		    w->options.report, "watching %s; checks every minute, Ctrl-C ends it", titles.data);
	else
		report_note(w->options.report, "watching for a login; checks every minute, Ctrl-C ends it");
	buf_release(&titles);
}

int refresh_watch_run(const struct refresh_watch_options *options, struct err *err)
{
	struct watch w = {
	    .options = *options,
	    .wall = clock_now(),
	    .mono = clock_ms(),
	    .children = process_adopt_orphans(),
	};
	int result = 0;

	if (options->report->terminal && !options->report->json)
		tell_start(&w);
	sd_notify_send("READY=1");
	while (result == 0 && !signals_caught()) {
		compare_clocks(&w);
		result = refresh_watch_check_all(&w, err);
		wipe_stack();
		if (result == 0) /* process 1 of a container must reap orphans */
			process_wait_and_reap(signals_fd(), w.children, (int)(options->interval * 1000));
	}
	if (options->report->terminal && signals_caught() == SIGINT)
		write_all(STDERR_FILENO, "\n", 1); /* the shell's prompt should not follow "^C" */
	sd_notify_send("STOPPING=1");
	if (w.children >= 0)
		close(w.children);
	free(w.list);
	return result;
}
