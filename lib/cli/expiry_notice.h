/*
 * expiry_notice: tells a person once that a login cannot be refreshed any more.
 *
 * If the refresh token was rejected, or there is none, the login works until its
 * access token expires. The next command on a terminal says so once; the state file
 * of the login records it.
 */
#ifndef KIMI_CLI_EXPIRY_NOTICE_H
#define KIMI_CLI_EXPIRY_NOTICE_H

#include "account/account.h"
#include "base/err.h"
#include "ui/report.h"

#include <stdbool.h>

/* Reports it. Does nothing without a terminal, with --quiet or with --json. */
void expiry_notice_speak(const struct report *report, const struct account *account);

/* The same as an error (ERR_REJECTED), for scripts and cron. `left` is in seconds. Returns -1. */
int expiry_notice_error(const struct account *account, double left, bool rejected, struct err *err);

#endif
