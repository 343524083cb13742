/*
 * reminder: telling a person, once, that a login will end for good.
 *
 * A login whose refresh token was rejected, or that has none, works until its
 * access token ends; then every command fails at once. Whoever types a command
 * before that is told. The state of the login notes that it was said.
 */
#ifndef KIMI_CLI_EXPIRY_NOTICE_H
#define KIMI_CLI_EXPIRY_NOTICE_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

#include <stdbool.h>

/* Costs nothing and says nothing without a terminal, with --quiet and with --json. */
void reminder_speak(const struct report *report, const struct home *home, const struct identity *who);

/* The same as an error (ERR_REJECTED), for what no person watches; returns -1. */
int reminder_error(double left, bool rejected, struct err *err);

#endif
