/*
 * login_screen: what a person sees while the login waits for them.
 *
 * On a terminal: the page, the code large and alone, a QR code where no browser
 * can be opened, and a line that shows how long the code still lives. Elsewhere
 * plain lines. All of it on standard error.
 */
#ifndef KIMI_CLI_LOGIN_SCREEN_H
#define KIMI_CLI_LOGIN_SCREEN_H

#include "cli/report.h"
#include "kimi/oauth.h"

#include <stdbool.h>

/* The page to open: with the code filled in if there is one, else the one to type it into. */
const char *login_screen_page(const struct device_authorization *authorization);

/* Shows page and code. `qr` draws the QR code as well. */
void login_screen_show(
    const struct report *report, const struct device_authorization *authorization, bool qr);

/* Redraws the line with the time left; nothing without a terminal. Call it about ten times a second. */
void login_screen_tick(const struct report *report, double seconds_left);

/* Takes the line away. */
void login_screen_end(const struct report *report);

#endif
