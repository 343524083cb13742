/*
 * duration: times and durations in words.
 */
#ifndef KIMI_UI_DURATION_H
#define KIMI_UI_DURATION_H

enum { DURATION_SPAN_MAX = 48, DURATION_TIME_MAX = 48 };

/* "15 min", "1 h 5 min", "29 days", rounded; "no time" for less than a second. */
void duration_span(double seconds, char ret_text[DURATION_SPAN_MAX]);

/* "Nov 24, 15:04", local time; "never" as below. */
void duration_day(double epoch, char ret_text[DURATION_TIME_MAX]);

/* "2026-11-24 15:04:05 +0100", local time; "never" for 0 and invalid times. */
void duration_time(double epoch, char ret_text[DURATION_TIME_MAX]);

#endif
