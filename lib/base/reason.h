/*
 * reason: why some input is invalid, in words that fit after "X is invalid: ".
 */
#ifndef KIMI_BASE_REASON_H
#define KIMI_BASE_REASON_H

struct reason {
	char text[160];
};

/*
 * Fills *ret_reason (may be NULL) and returns -1, so that a reader can end in `return
 * reason_set(...)`.
 */
int reason_set(struct reason *ret_reason, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
