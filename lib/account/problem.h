/*
 * problem: what is wrong with a login or its surroundings, and what to do.
 *
 * A list that is filled by whoever finds something and spoken by `kimi status`.
 * Texts are cut at the end of the array, and cleaned when they are shown.
 */
#ifndef KIMI_ACCOUNT_PROBLEM_H
#define KIMI_ACCOUNT_PROBLEM_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROBLEMS_MAX = 16 };

struct problem {
	const char *code; /* for scripts, a constant */
	char message[640];
	char remedy[256];
};

struct problems {
	struct problem items[PROBLEMS_MAX];
	size_t count;
};

/* Adds one; what is more than the list can hold is left out. */
void problem_add(struct problems *problems, const char *code, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same of an error, under `code`, or (NULL) under the name of its own. */
void problem_add_err(struct problems *problems, const char *code, const struct err *err);

#endif
