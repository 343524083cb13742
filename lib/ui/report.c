#include "ui/report.h"

#include "base/buf.h"
#include "base/term.h"
#include "base/text.h"
#include "format/json.h"
#include "ui/layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LINE = 16 * 1024, MAX_MESSAGE = 4 * 1024 }; /* a URL of 2048 bytes fits */

/* Uses one write(), so that lines of several processes do not mix. A terminal gets them wrapped. */
static void report_put_line(const struct report *report, const char *text)
{
	size_t width = SIZE_MAX;
	struct buf clean, line;

	if (isatty(STDERR_FILENO))
		width = term_width(STDERR_FILENO);
	buf_init(&clean, MAX_LINE);
	buf_addf(&clean, "%s: ", report->program);
	text_clean(&clean, text, strlen(text));
	buf_init(&line, MAX_LINE);
	layout_wrap(&line, 0, width, clean.data);
	buf_addch(&line, '\n');
	if (!clean.failed && !line.failed && write(STDERR_FILENO, line.data, line.len) < 0) {
		/* there is nowhere to report it */
	}
	buf_release(&line);
	buf_release(&clean);
}

void report_json(json_t *value)
{
	char *text = value ? json_print_short(value) : NULL;

	if (text) {
		const char *at = text, *del;
		/* jansson escapes all control characters but DEL. */
		for (; (del = strchr(at, 0x7f)); at = del + 1)
			printf("%.*s\\u007f", (int)(del - at), at);
		printf("%s\n", at);
	}
	wipe_str(text);
	json_decref(value);
}

int report_flush(void)
{
	static int lost;

	errno = 0;
	if ((fflush(stdout) != 0 || ferror(stdout)) && !lost)
		lost = errno ? errno : EIO;
	return lost;
}

static void put_event(const struct report *report, const char *type, json_t *data, const char *message)
{
	struct buf clean;

	if (!report->json) {
		json_decref(data);
		return;
	}
	buf_init(&clean, MAX_LINE);
	text_clean(&clean, message, strlen(message));
	report_json(json_pack("{s:s, s:s, s:o*}", "type", type, "message", clean.data, "data", data));
	report_flush(); /* a reader sees events as they happen */
	buf_release(&clean);
}

int report_error(const struct report *report, const struct err *err)
{
	char message[sizeof(err->what) + sizeof(err->hint) + 2];

	snprintf(message, sizeof(message), "%s%s%s", err->what, *err->hint ? "; " : "", err->hint);
	put_event(report, "error", json_pack("{s:s}", "code", err_name(err->code)), message);
	if (!report->silent)
		report_put_line(report, message);
	return err_exit_status(err->code);
}

static void put_formatted(const struct report *report, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void put_formatted(const struct report *report, const char *format, va_list args)
{
	char message[MAX_MESSAGE];

	vsnprintf(message, sizeof(message), format, args);
	report_put_line(report, message);
}

void report_note(const struct report *report, const char *format, ...)
{
	va_list args;

	if (report->quiet)
		return;
	va_start(args, format);
	put_formatted(report, format, args);
	va_end(args);
}

void report_line(const struct report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	put_formatted(report, format, args);
	va_end(args);
}

void report_tell(const struct report *report, const char *type, json_t *data, const char *format, ...)
{
	char message[MAX_MESSAGE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	put_event(report, type, data, message);
	if (!report->json && !report->quiet)
		report_put_line(report, message);
}

void report_event(const struct report *report, const char *type, json_t *data, const char *format, ...)
{
	char message[MAX_MESSAGE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	put_event(report, type, data, message);
}
