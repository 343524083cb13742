#include "ui/duration.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

void say_span(double seconds, char ret_text[SAY_SPAN_MAX])
{
	if (!(seconds >= 1))
		snprintf(ret_text, SAY_SPAN_MAX, "no time");
	else if (seconds < 120)
		snprintf(ret_text, SAY_SPAN_MAX, "%.0f s", seconds);
	else if (seconds < 3600)
		snprintf(ret_text, SAY_SPAN_MAX, "%d min", (int)(seconds / 60));
	else if (seconds < 2 * 86400)
		snprintf(
		    ret_text, SAY_SPAN_MAX, "%d h %d min", (int)(seconds / 3600), (int)(seconds / 60) % 60);
	else
		snprintf(ret_text, SAY_SPAN_MAX, "%.0f days", seconds / 86400);
}

void say_time(double epoch, char ret_text[SAY_TIME_MAX])
{
	bool sensible = epoch > 0 && epoch < 2e11; /* the year has four digits */
	time_t whole = sensible ? (time_t)epoch : 0;
	struct tm parts;

	if (!sensible || !localtime_r(&whole, &parts) ||
	    !strftime(ret_text, SAY_TIME_MAX, "%Y-%m-%d %H:%M:%S %z", &parts))
		snprintf(ret_text, SAY_TIME_MAX, "never");
}
