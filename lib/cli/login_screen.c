#include "cli/login_screen.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/term.h"
#include "cli/qr.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SCREEN = 64 * 1024, USUAL_WIDTH = 80 };

const char *login_screen_page(const struct device_authorization *a)
{
	return *a->verification_uri_complete ? a->verification_uri_complete : a->verification_uri;
}

static void put(const struct buf *screen)
{
	if (!screen->failed)
		write_all(STDERR_FILENO, screen->data, screen->len);
}

/* What the person does with the code, and the code. */
struct asked {
	const char *label;
	char code[128];
	size_t width; /* columns of the wider of the two */
};

static void ask(const struct device_authorization *a, bool color, struct asked *ret_asked)
{
	size_t code_width = strlen(a->user_code) + 4;

	ret_asked->label =
	    *a->verification_uri_complete ? "Check that it shows this code:" : "Type in this code:";
	snprintf(ret_asked->code, sizeof(ret_asked->code), color ? "\033[1;7m  %.64s  \033[0m" : "  %.64s",
	    a->user_code);
	ret_asked->width = strlen(ret_asked->label);
	if (ret_asked->width < code_width)
		ret_asked->width = code_width;
}

/* The QR code with label and code to the right of its middle: the screen is 24 lines high, and the QR code 17 or 19. */
static void add_side_by_side(struct buf *screen, const struct buf *qr, const struct asked *asked)
{
	size_t rows = 0, row = 0;

	for (const char *c = qr->data; *c; c++)
		rows += *c == '\n';
	for (const char *line = qr->data, *end; (end = strchr(line, '\n')); line = end + 1, row++) {
		buf_add(screen, line, (size_t)(end - line));
		if (row == rows / 2 - 1)
			buf_addf(screen, "    %s", asked->label);
		if (row == rows / 2 + 1)
			buf_addf(screen, "    %s", asked->code);
		buf_addch(screen, '\n');
	}
	buf_addch(screen, '\n');
}

static void add_below(struct buf *screen, const struct buf *qr, const struct asked *asked)
{
	buf_add(screen, qr->data, qr->len);
	buf_addf(screen, "%s  %s\n\n     %s\n\n", qr->len ? "\n" : "", asked->label, asked->code);
}

/* Returns the rows it takes on the terminal. */
static size_t compose(struct buf *screen, const struct device_authorization *a, enum login_qr wanted)
{
	const char *page = login_screen_page(a);
	bool color = term_has_color(STDERR_FILENO);
	size_t width = term_width(STDERR_FILENO), rows = (strlen(page) + 2) / width;
	struct asked asked;
	struct buf qr;

	buf_init(&qr, MAX_SCREEN);
	ask(a, color, &asked);
	size_t taken = wanted == LOGIN_QR_NO ? 0 : qr_draw(page, width, color, &qr);
	buf_addf(screen, "\n  Open this page to log in:\n\n  %s%s%s\n\n", color ? "\033[4m" : "", page,
	    color ? "\033[0m" : "");
	if (wanted == LOGIN_QR_YES && !taken)
		buf_addf(screen, "  (%s)\n\n",
		    qr_is_built_in() ? "no QR code fits this terminal"
		                     : "built without libqrencode: no QR code");
	if (taken && taken + 4 + asked.width <= width)
		add_side_by_side(screen, &qr, &asked);
	else
		add_below(screen, &qr, &asked);
	buf_release(&qr);
	for (size_t i = 0; i < screen->len; i++)
		rows += screen->data[i] == '\n';
	return rows;
}

/* Plain lines for a log or a pipe, and the QR code if it was asked for: they are what the command is for, so --quiet
 * keeps them. */
static void show_plainly(
    const struct report *report, const struct device_authorization *a, enum login_qr qr, struct buf *screen)
{
	const char *page = login_screen_page(a);

	report_line(report, "open this page to log in:  %s", page);
	report_line(report, "and confirm this code:     %s", a->user_code);
	if (qr == LOGIN_QR_YES && qr_draw(page, USUAL_WIDTH, false, screen))
		buf_addch(screen, '\n');
}

void login_screen_show(const struct report *report, const struct device_authorization *a, enum login_qr qr)
{
	enum { MAY_SCROLL_AWAY = 2 }; /* the first empty line, and the one above the page */
	struct buf screen;

	buf_init(&screen, MAX_SCREEN);
	if (!report->terminal) {
		show_plainly(report, a, qr, &screen);
	} else if (compose(&screen, a, qr) + 1 > term_height(STDERR_FILENO) + MAY_SCROLL_AWAY &&
	           qr == LOGIN_QR_IF_IT_FITS) {
		buf_clear(&screen);
		compose(&screen, a, LOGIN_QR_NO);
	}
	put(&screen);
	buf_release(&screen);
}

void login_screen_tick(const struct report *report, double seconds_left)
{
	static const char *const dots[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	int left = seconds_left > 0 ? (int)seconds_left : 0;
	struct buf line;

	if (!report->terminal || report->quiet || !term_can_redraw(STDERR_FILENO))
		return;
	/* A line that wraps cannot be drawn over. */
	const char *what = term_width(STDERR_FILENO) > 32 ? "waiting for you, " : "";
	buf_init(&line, 256);
	buf_addf(
	    &line, "\r\033[K  %s %s%d:%02d left", dots[clock_ms() / 100 % 10], what, left / 60, left % 60);
	put(&line);
	buf_release(&line);
}

void login_screen_end(const struct report *report)
{
	static const char clear[] = "\r\033[K";

	if (report->terminal && !report->quiet && term_can_redraw(STDERR_FILENO))
		write_all(STDERR_FILENO, clear, sizeof(clear) - 1);
}
