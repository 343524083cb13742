/*
 * tap: the output of a unit test. One program per subject:
 *
 * 	ok(strlen("ab") == 2, "a string is as long as it is");
 * 	return tap_done();
 *
 * The plan comes last, so that nobody has to count.
 */
#ifndef KIMI_TESTS_TAP_H
#define KIMI_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

/* One test: prints the sentence with "ok" if `cond` holds. Returns `cond`, for tests that depend on it. */
__attribute__((format(printf, 2, 3), unused)) static bool ok(bool cond, const char *sentence, ...)
{
	va_list args;

	printf("%s %d - ", cond ? "ok" : "not ok", ++tap_count);
	va_start(args, sentence);
	vprintf(sentence, args);
	va_end(args);
	putchar('\n');
	tap_failed += !cond;
	return cond;
}

/* Whether valgrind is not running the process: it changes the heap and how processes start. */
__attribute__((unused)) static bool is_native(void)
{
	const char *checker = getenv("KIMI_TEST_CHECKER");

	return !checker || strcmp(checker, "valgrind") != 0;
}

/* The exit status of the program. */
__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed || !tap_count ? 1 : 0;
}

#endif
