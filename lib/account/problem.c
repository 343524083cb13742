#include "account/problem.h"

#include <stdarg.h>
#include <stdio.h>

void problem_add(struct problems *problems, const char *code, const char *remedy, const char *format, ...)
{
	va_list args;

	if (problems->count == PROBLEMS_MAX)
		return;
	struct problem *problem = &problems->items[problems->count++];
	problem->code = code;
	snprintf(problem->remedy, sizeof(problem->remedy), "%s", remedy);
	va_start(args, format);
	vsnprintf(problem->message, sizeof(problem->message), format, args);
	va_end(args);
}

void problem_add_err(struct problems *problems, const char *code, const struct err *err)
{
	problem_add(problems, code ? code : err_name(err->code), err->hint, "%s", err->what);
}
