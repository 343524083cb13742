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

static void draw_qr(const struct report *report, const char *page, bool color, struct buf *screen)
{
	size_t width = report->terminal ? term_width(STDERR_FILENO) : USUAL_WIDTH;

	if (qr_draw(page, width, color, screen))
		buf_addch(screen, '\n');
	else
		buf_addstr(screen, "  (no QR code fits this terminal)\n\n");
}

void login_screen_show(const struct report *report, const struct device_authorization *a, bool qr)
{
	const char *page = login_screen_page(a);
	bool color = term_has_color(STDERR_FILENO);
	const char *bold = color ? "\033[1m" : "", *link = color ? "\033[4m" : "",
	           *plain = color ? "\033[0m" : "";
	struct buf screen;

	if (!report->terminal) { /* these lines are what the command is for, so --quiet keeps them */
		report_line(report, "open this page to log in:  %s", page);
		report_line(report, "and confirm this code:     %s", a->user_code);
	}
	buf_init(&screen, MAX_SCREEN);
	if (report->terminal)
		buf_addf(&screen, "\n  Open this page to log in:\n\n  %s%s%s\n\n", link, page, plain);
	if (qr)
		draw_qr(report, page, color, &screen);
	if (report->terminal)
		buf_addf(&screen, "  %s:\n\n       %s%s%s\n\n",
		    *a->verification_uri_complete ? "Check that it shows this code" : "Type in this code",
		    bold, a->user_code, plain);
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
	buf_init(&line, 256);
	buf_addf(&line, "\r\033[K  %s waiting for you, %d:%02d left", dots[clock_ms() / 100 % 10], left / 60,
	    left % 60);
	put(&line);
	buf_release(&line);
}

void login_screen_end(const struct report *report)
{
	static const char clear[] = "\r\033[K";

	if (report->terminal && !report->quiet && term_can_redraw(STDERR_FILENO))
		write_all(STDERR_FILENO, clear, sizeof(clear) - 1);
}
