/*
 * problem: what is wrong with a login or its environment, and what to do about it.
 *
 * Each check adds its problems to a list, which `kimi status` prints. Texts are cut
 * at the end of the array and cleaned when they are printed.
 */
#ifndef KIMI_ACCOUNT_PROBLEM_H
#define KIMI_ACCOUNT_PROBLEM_H

#include "base/err.h"

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

/* Adds a problem. Drops it if the list is full. */
void problem_add(struct problems *problems, const char *code, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds an error as a problem, with its hint as the remedy. `code` NULL: the name of its code. */
void problem_add_err(struct problems *problems, const char *code, const struct err *err);

#endif
