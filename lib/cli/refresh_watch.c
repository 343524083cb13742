#include "cli/refresh_watch.h"

#include "auth/api_key.h"
#include "base/clock.h"
#include "base/process.h"
#include "base/sd_notify.h"
#include "base/signals.h"
#include "cli/refresh_one.h"
#include "ui/duration.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is remembered of a login from one look to the next. */
struct watched {
	const struct home *home;
	char key[IDENTITY_KEY_MAX];
	enum err_code trouble; /* of the last look; it is said once */
	bool force;            /* the machine slept, and no refresh has succeeded since */
};

struct watch {
	const struct report *report;
	const struct home *homes;
	size_t home_count;
	const struct identity *only;
	struct refresh_wish wish;
	struct watched *list;
	size_t count;
	double wall;    /* both clocks at the last look */
	long long mono; /* ms */
	bool woke;
	int children; /* of process_adopt_orphans() */
};

static struct watched *watch_find(struct watch *w, const struct home *home, const char *key)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].home == home && strcmp(w->list[i].key, key) == 0)
			return &w->list[i];
	struct watched *list = reallocarray(w->list, w->count + 1, sizeof(*list));
	if (!list)
		return NULL;
	w->list = list;
	w->list[w->count] = (struct watched){.home = home, .trouble = ERR_NONE};
	snprintf(w->list[w->count].key, sizeof(w->list->key), "%s", key);
	return &w->list[w->count++];
}

static void watch_note_trouble(const struct watch *w, struct watched *login, const struct err *why)
{
	bool is_news = why->code != login->trouble;

	login->trouble = why->code;
	if (!err_is_passing(why->code))
		login->force = false; /* asking again will not help */
	if (is_news && !(w->report->quiet && err_is_passing(why->code)))
		report_error(w->report, why);
}

/* -1: *why says why this login is not fresh. */
static int look_at(struct watch *w, const struct identity *who, struct watched *login, struct err *why)
{
	struct renewal renewal;

	if (w->woke)
		login->force = true;
	w->wish.force = login->force;
	if (renewal_run(w->report, login->home, who, &w->wish, &renewal, why) < 0)
		return -1;
	int failed = renewal_foresee(&renewal, why);
	if (!failed && (renewal.outcome != REFRESH_NOT_NEEDED || login->trouble != ERR_NONE))
		renewal_tell(w->report, &renewal);
	if (!failed)
		login->trouble = ERR_NONE;
	login->force = false;
	token_clear(&renewal.token);
	return failed;
}

/* Looks at one login; false: it is not there. */
static bool look_at_next(struct watch *w, const struct home *home, const struct identity *who)
{
	struct watched *login = watch_find(w, home, who->key);
	struct err why = {0};

	if (!login)
		return false;
	if (look_at(w, who, login, &why) == 0)
		return true;
	if (why.code == ERR_LOGIN_REQUIRED && !w->only)
		return false;
	if (why.code != ERR_INTERRUPTED)
		watch_note_trouble(w, login, &why);
	return true;
}

/* *ret_found: there is something to keep fresh, or a key, which needs nothing. */
static int look_at_home(struct watch *w, const struct home *home, bool *ret_found, struct err *err)
{
	size_t count = 0;
	struct identity *list = identity_list(home, &count, err);

	if (!list)
		return -1;
	for (size_t i = 0; i < count && !signals_caught(); i++)
		if (look_at_next(w, home, &list[i]))
			*ret_found = true;
	free(list);
	if (!*ret_found)
		*ret_found = api_key_is_stored(home, NULL);
	return 0;
}

static int watch_look(struct watch *w, struct err *err)
{
	bool found = false;

	if (w->only) {
		look_at_next(w, &w->homes[0], w->only);
		return 0;
	}
	for (size_t i = 0; i < w->home_count; i++)
		if (look_at_home(w, &w->homes[i], &found, err) < 0)
			return -1;
	/* Nothing at all is stored: said of the first home's default account. */
	struct watched *first = found || signals_caught() ? NULL : watch_find(w, &w->homes[0], "");
	struct err none;
	if (first) {
		err_set(&none, ERR_LOGIN_REQUIRED, "run 'kimi login'", "not logged in");
		watch_note_trouble(w, first, &none);
	}
	return 0;
}

/* As process 1 of a container it collects the orphans too. */
static void wait_for(const struct watch *w, double interval)
{
	int ms = (int)(interval * 1000), alarm_fd = clock_alarm(ms);
	struct pollfd fds[] = {{.fd = signals_fd(), .events = POLLIN}, {.fd = alarm_fd, .events = POLLIN},
	    {.fd = w->children, .events = POLLIN}};
	long long deadline = clock_ms() + ms + 1;

	/* Other signals (SIGCONT after Ctrl-Z) end a poll() too. */
	while (!signals_caught() && clock_left(deadline)) {
		/* First, too: no signal tells of those that had ended before we came. */
		process_reap_orphans(w->children);
		if (poll(fds, 3, clock_left(deadline)) > 0 && fds[1].revents)
			break;
	}
	if (alarm_fd >= 0)
		close(alarm_fd);
}

static void compare_clocks(struct watch *w, double interval)
{
	double wall = clock_now();
	long long mono = clock_ms();
	double slept = wall - w->wall - (double)(mono - w->mono) / 1000;

	w->woke = slept > 2 * interval;
	w->wall = wall;
	w->mono = mono;
	if (w->woke) {
		char span[SAY_SPAN_MAX];
		say_span(slept, span);
		report_tell(w->report, "info", NULL, "the computer slept for %s", span);
	}
}

/* What is watched, and how to end it, for a person who has started it. */
static void tell_start(const struct watch *w)
{
	char names[512] = "";

	for (size_t i = 0; i < w->home_count; i++) {
		size_t count = 0;
		struct identity *list = w->only ? NULL : identity_list(&w->homes[i], &count, NULL);
		for (size_t j = 0; j < count; j++) {
			size_t len = strlen(names);
			if (identity_is_stored(&list[j], &w->homes[i]))
				snprintf(names + len, sizeof(names) - len, "%s%s%s%s", len ? "; " : "",
				    list[j].platform->name, *list[j].account ? ", account " : "",
				    list[j].account);
		}
		free(list);
	}
	if (w->only)
		snprintf(names, sizeof(names), "%s%s%s", w->only->platform->name,
		    *w->only->account ? ", account " : "", w->only->account);
	report_note(
	    w->report, "watching %s; checks every minute, Ctrl-C ends it", *names ? names : "for a login");
}

int watch_run(const struct report *report, const struct home homes[], size_t home_count,
    const struct identity *only, const struct refresh_wish *wish, double interval, struct err *err)
{
	struct watch w = {.report = report,
	    .homes = homes,
	    .home_count = home_count,
	    .only = only,
	    .wish = *wish,
	    .wall = clock_now(),
	    .mono = clock_ms(),
	    .children = process_adopt_orphans()};
	int failed = 0;

	if (report->terminal && !report->json)
		tell_start(&w);
	notify_manager("READY=1");
	while (!failed && !signals_caught()) {
		compare_clocks(&w, interval);
		failed = watch_look(&w, err);
		if (!failed)
			wait_for(&w, interval);
	}
	notify_manager("STOPPING=1");
	if (w.children >= 0)
		close(w.children);
	free(w.list);
	return failed;
}
