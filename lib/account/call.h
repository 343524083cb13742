/*
 * event: what a sibling that was run with --json said.
 */
#ifndef KIMI_ACCOUNT_CALL_H
#define KIMI_ACCOUNT_CALL_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

/* The last line of its output as a JSON value, which the caller frees; NULL: it is none. */
json_t *event_last(const struct buf *output);

/* 1: that is an error event, and its words and code are now *err. 0: it is not. */
int event_error(const json_t *event, struct err *err);

#endif
