#include "ui/login_screen.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/term.h"
#include "base/text.h"
#include "ui/big_letters.h"
#include "ui/layout.h"
#include "ui/qr.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SCREEN = 64 * 1024, SUMMARY_MAX = 256, USUAL_WIDTH = 80 };

const char *login_screen_page(const struct device_authorization *a)
{
	if (*a->verification_uri_complete)
		return a->verification_uri_complete;
	return a->verification_uri;
}

/* The columns of a line without its colours. */
static size_t visible_width(char *line)
{
	char *to = line;

	for (const char *from = line; *from; from++) {
		if (*from == '\033')
			from += strcspn(from, "m");
		else
			*to++ = *from;
	}
	*to = '\0';
	return text_width(line);
}

/* What was drawn and can be removed, unless the width of the terminal has changed. */
static struct {
	size_t rows, width;
} drawn;

static void login_screen_put(const struct buf *screen)
{
	if (!screen->failed)
		write_all(STDERR_FILENO, screen->data, screen->len);
}

/* Counts the rows of lines that were printed on the terminal. */
static void count_rows(const char *text)
{
	struct buf line;

	drawn.width = term_width(STDERR_FILENO);
	buf_init(&line, MAX_SCREEN);
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, "\n");
		buf_clear(&line);
		buf_add(&line, at, len);
		size_t columns = line.failed ? 0 : visible_width(line.data);
		drawn.rows += columns ? (columns - 1) / drawn.width + 1 : 1;
		at += len + (at[len] == '\n');
	}
	buf_release(&line);
}

void login_screen_wipe(const struct report *report)
{
	struct buf wipe;

	if (report->terminal && drawn.rows && term_can_redraw(STDERR_FILENO) &&
	    term_width(STDERR_FILENO) == drawn.width) {
		buf_init(&wipe, 64);
		buf_addf(&wipe, "\r\033[%zuA\033[J", drawn.rows);
		login_screen_put(&wipe);
		buf_release(&wipe);
	}
	drawn.rows = 0;
}

void login_screen_note(const struct report *report, const char *text)
{
	struct buf line;

	report_note(report, "%s", text);
	if (report->quiet)
		return;
	buf_init(&line, MAX_SCREEN);
	buf_addf(&line, "%s: %s\n", report->program, text);
	count_rows(line.data);
	buf_release(&line);
}

/* The code and what to do with it, in lines. */
struct asked {
	struct buf text;
	size_t width, height;
};

static void login_screen_ask(
    const struct device_authorization *a, bool color, bool large, struct asked *ret_asked)
{
	const char *label =
	    *a->verification_uri_complete ? "Check that it shows this code:" : "Enter this code:";
	struct buf *text = &ret_asked->text;
	size_t label_width = strlen(label), code_width = strlen(a->user_code) + 4,
	       large_columns = large ? big_letters_width(a->user_code) + 2 : 0;

	buf_init(text, MAX_SCREEN);
	buf_addf(text, "%s\n\n", label);
	for (int i = 0; large && i < BIG_LETTERS_LINES; i++) {
		buf_addstr(text, color ? "  \033[1m" : "  ");
		big_letters_add_line(text, a->user_code, i);
		buf_addstr(text, color ? "\033[0m\n" : "\n");
	}
	buf_addf(
	    text, color ? "%s\033[1;7m  %.64s  \033[0m\n" : "%s  %.64s\n", large ? "\n" : "", a->user_code);
	ret_asked->width = label_width > code_width ? label_width : code_width;
	if (ret_asked->width < large_columns)
		ret_asked->width = large_columns;
	ret_asked->height = large ? 4 + BIG_LETTERS_LINES : 3;
}

static const char *add_one_line(struct buf *screen, const char *from)
{
	size_t len = strcspn(from, "\n");

	buf_add(screen, from, len);
	return from + len + (from[len] == '\n');
}

/* Puts the text to the right of the QR code, which has 17 or 19 of the 24 lines of a screen. */
static void add_side_by_side(struct buf *screen, const struct buf *qr, const struct asked *asked)
{
	const char *at = qr->data, *right = asked->text.data;
	size_t rows = 0;

	for (const char *c = at; *c; c++)
		rows += *c == '\n';
	size_t first = rows > asked->height ? (rows - asked->height) / 2 : 0;
	for (size_t row = 0; *at; row++) {
		at = add_one_line(screen, at);
		if (row >= first && *right && *right != '\n')
			buf_addstr(screen, "    ");
		if (row >= first)
			right = add_one_line(screen, right);
		buf_addch(screen, '\n');
	}
	buf_addch(screen, '\n');
}

static void add_below(struct buf *screen, const struct buf *qr, const struct asked *asked)
{
	buf_add(screen, qr->data, qr->len);
	if (qr->len)
		buf_addch(screen, '\n');
	for (const char *at = asked->text.data; *at;) {
		if (*at != '\n')
			buf_addstr(screen, at == asked->text.data ? "  " : "   ");
		at = add_one_line(screen, at);
		buf_addch(screen, '\n');
	}
	buf_addch(screen, '\n');
}

static void login_screen_add_line(struct buf *screen, size_t width, const char *text)
{
	buf_addstr(screen, "  ");
	layout_wrap(screen, 2, width, text);
	buf_addstr(screen, "\n\n");
}

/* Returns its rows on the terminal. */
static size_t login_screen_compose(struct buf *screen, const struct device_authorization *a,
    enum login_qr wanted, bool large, bool *ret_has_qr)
{
	const char *page = login_screen_page(a);
	bool color = term_has_color(STDERR_FILENO);
	size_t width = term_width(STDERR_FILENO), rows = (strlen(page) + 2) / width;
	struct asked asked;
	struct buf qr;

	buf_init(&qr, MAX_SCREEN);
	login_screen_ask(a, color, large, &asked);
	size_t taken = wanted == LOGIN_QR_NO ? 0 : qr_draw(page, width, color, &qr);
	buf_addf(screen, "\n  Open this page to log in:\n\n  %s%s%s\n\n", color ? "\033[4m" : "", page,
	    color ? "\033[0m" : "");
	if (wanted == LOGIN_QR_YES && !taken)
		login_screen_add_line(screen, width,
		    qr_is_built_in() ? "no QR code fits this terminal"
		                     : "this build has no QR code; it needs libqrencode; install "
		                       "libqrencode-dev and build again");
	*ret_has_qr = taken;
	if (taken && taken + 4 + asked.width <= width)
		add_side_by_side(screen, &qr, &asked);
	else
		add_below(screen, &qr, &asked);
	buf_release(&qr);
	buf_release(&asked.text);
	for (size_t i = 0; i < screen->len; i++)
		rows += screen->data[i] == '\n';
	return rows;
}

/* Plain lines for a log or a pipe, also with --quiet, and the QR code if --qr was given. */
static void show_plainly(
    const struct report *report, const struct device_authorization *a, enum login_qr qr, struct buf *screen)
{
	const char *page = login_screen_page(a);

	report_line(report, "open this page to log in:  %s", page);
	report_line(report, "and confirm this code:     %s", a->user_code);
	if (qr == LOGIN_QR_YES && qr_draw(page, USUAL_WIDTH, false, screen))
		buf_addch(screen, '\n');
}

/* Composes the largest screen that fits. Returns whether it has a QR code; with --qr it always has. */
static bool login_screen_fill(struct buf *screen, const struct device_authorization *a, enum login_qr qr)
{
	static const struct {
		bool qr, large;
	} tries[] = {{true, true}, {true, false}, {false, true}, {false, false}};
	enum { MAY_SCROLL_AWAY = 2 }; /* the first empty line, and the one above the page */
	size_t available = term_height(STDERR_FILENO) + MAY_SCROLL_AWAY,
	       columns = big_letters_width(a->user_code);
	bool has_qr = false, may_be_large = columns && term_can_redraw(STDERR_FILENO) &&
	                                    columns + 5 <= term_width(STDERR_FILENO);

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (tries[i].large && !may_be_large)
			continue;
		if (!tries[i].qr && qr == LOGIN_QR_YES)
			break;
		buf_clear(screen);
		if (login_screen_compose(screen, a, tries[i].qr ? qr : LOGIN_QR_NO, tries[i].large, &has_qr) +
		        1 <=
		    available)
			break;
	}
	return has_qr;
}

void login_screen_show(const struct report *report, const struct device_authorization *a, enum login_qr qr)
{
	struct buf screen;

	buf_init(&screen, MAX_SCREEN);
	if (report->terminal) {
		login_screen_fill(&screen, a, qr);
		count_rows(screen.data);
	} else {
		show_plainly(report, a, qr, &screen);
	}
	login_screen_put(&screen);
	buf_release(&screen);
}

void login_screen_add_qr(const struct report *report, const struct device_authorization *a)
{
	struct buf screen;

	buf_init(&screen, MAX_SCREEN);
	if (report->terminal && login_screen_fill(&screen, a, LOGIN_QR_IF_IT_FITS)) {
		login_screen_wipe(report);
		login_screen_put(&screen);
		count_rows(screen.data);
	}
	buf_release(&screen);
}

static void clear_tick(void)
{
	static const char clear[] = "\r\033[K";

	write_all(STDERR_FILENO, clear, sizeof(clear) - 1);
}

void login_screen_tick(const struct report *report, double seconds_left)
{
	static const char *const dots[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	int left = seconds_left > 0 ? (int)seconds_left : 0;
	struct buf line;

	if (!report->terminal || report->quiet || !term_can_redraw(STDERR_FILENO))
		return;
	/* A line that wraps cannot be redrawn. */
	const char *what = term_width(STDERR_FILENO) > 32 ? "waiting for you, " : "";
	memory_before_end(clear_tick);
	buf_init(&line, 256);
	buf_addf(
	    &line, "\r\033[K  %s %s%d:%02d left", dots[clock_ms() / 100 % 10], what, left / 60, left % 60);
	login_screen_put(&line);
	buf_release(&line);
}

void login_screen_end(const struct report *report)
{
	if (report->terminal && !report->quiet && term_can_redraw(STDERR_FILENO))
		clear_tick();
}

static void add_field(struct buf *screen, const char *label, const char *text)
{
	if (*text)
		layout_add_field(screen, 14, term_width(STDERR_FILENO), label, text);
}

/* "2 models, default kimi-for-coding"; "" if the models are not known. */
static void login_screen_summarize(const struct login_success *success, char ret_text[SUMMARY_MAX])
{
	const char *name = success->default_model;
	size_t count = success->models;

	if (!success->has_models)
		*ret_text = '\0';
	else if (count == 1 && name)
		snprintf(ret_text, SUMMARY_MAX, "1 model, default %.200s", name);
	else if (count == 1)
		snprintf(ret_text, SUMMARY_MAX, "1 model");
	else if (name)
		snprintf(ret_text, SUMMARY_MAX, "%zu models, default %.200s", count, name);
	else
		snprintf(ret_text, SUMMARY_MAX, "%zu models", count);
}

void login_screen_success(const struct report *report, const struct login_success *success)
{
	struct buf screen;
	char models[SUMMARY_MAX];

	login_screen_summarize(success, models);
	if (success->has_models)
		report_event(report, "success", success->data, "logged in to %s; %s", success->name, models);
	else
		report_event(report, "success", success->data, "logged in to %s", success->name);
	if (report->json || report->quiet)
		return;
	if (!report->terminal && success->has_models) {
		report_note(report, "logged in to %s; %s. Next: %s", success->name, models, success->next);
		return;
	}
	if (!report->terminal) {
		report_note(report, "logged in to %s. Next: %s", success->name, success->next);
		return;
	}
	buf_init(&screen, MAX_SCREEN);
	buf_addf(&screen, "\n  Logged in to %s.\n\n", success->name);
	add_field(&screen, "models", models);
	add_field(&screen, "stored in", success->storage);
	add_field(&screen, "next:", success->next);
	buf_addch(&screen, '\n');
	login_screen_put(&screen);
	buf_release(&screen);
}
