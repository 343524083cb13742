/*
 * say: times and spans in words.
 */
#ifndef KIMI_UI_DURATION_H
#define KIMI_UI_DURATION_H

enum { SAY_SPAN_MAX = 48, SAY_TIME_MAX = 48 };

/* "15 min", "1 h 5 min", "29 days", rounded; "no time" for 0 and less. */
void say_span(double seconds, char ret_text[SAY_SPAN_MAX]);

/* "Nov 24, 15:04", local time; "never" as below. */
void say_day(double epoch, char ret_text[SAY_TIME_MAX]);

/* "2026-11-24 15:04:05 +0100", local time; "never" for 0 and what no clock says. */
void say_time(double epoch, char ret_text[SAY_TIME_MAX]);

#endif
