#include "ui/duration.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

void duration_span(double seconds, char ret_text[DURATION_SPAN_MAX])
{
	/* Whole minutes, rounded: 899.6 s are 15 min. */
	long long minutes = seconds < 1e15 ? (long long)(seconds / 60 + 0.5) : 0;

	if (!(seconds >= 1))
		snprintf(ret_text, DURATION_SPAN_MAX, "no time");
	else if (seconds < 119.5)
		snprintf(ret_text, DURATION_SPAN_MAX, "%.0f s", seconds);
	else if (minutes < 60)
		snprintf(ret_text, DURATION_SPAN_MAX, "%lld min", minutes);
	else if (minutes < 2LL * 24 * 60)
		snprintf(ret_text, DURATION_SPAN_MAX, "%lld h %lld min", minutes / 60, minutes % 60);
	else
		snprintf(ret_text, DURATION_SPAN_MAX, "%.0f days", seconds / 86400);
}

void duration_day(double epoch, char ret_text[DURATION_TIME_MAX])
{
	bool sensible = epoch > 0 && epoch < 2e11;
	time_t whole = sensible ? (time_t)epoch : 0;
	struct tm parts;

	if (!sensible || !localtime_r(&whole, &parts) ||
	    !strftime(ret_text, DURATION_TIME_MAX, "%b %e, %H:%M", &parts))
		snprintf(ret_text, DURATION_TIME_MAX, "never");
}

void duration_time(double epoch, char ret_text[DURATION_TIME_MAX])
{
	bool sensible = epoch > 0 && epoch < 2e11; /* the year has four digits */
	time_t whole = sensible ? (time_t)epoch : 0;
	struct tm parts;

	if (!sensible || !localtime_r(&whole, &parts) ||
	    !strftime(ret_text, DURATION_TIME_MAX, "%Y-%m-%d %H:%M:%S %z", &parts))
		snprintf(ret_text, DURATION_TIME_MAX, "never");
}
