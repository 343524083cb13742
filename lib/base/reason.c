#include "base/reason.h"

#include <stdarg.h>
#include <stdio.h>

int reason_set(struct reason *ret_reason, const char *format, ...)
{
	va_list args;

	if (!ret_reason)
		return -1;
	va_start(args, format);
	vsnprintf(ret_reason->text, sizeof(ret_reason->text), format, args);
	va_end(args);
	return -1;
}
