/*
 * login_screen: what a person sees while the login waits for them.
 *
 * On a terminal: the page, the code by itself and in large letters, a QR code where
 * no browser can be opened, and a line that shows how long the code is valid.
 * The page and the code fit 24 lines; what does not fit is left out: first the large
 * letters, then the QR code. Elsewhere plain lines. All of it on standard error.
 */
#ifndef KIMI_UI_LOGIN_SCREEN_H
#define KIMI_UI_LOGIN_SCREEN_H

#include "auth/oauth.h"
#include "ui/report.h"

#include <stdbool.h>
#include <stddef.h>

/* The page to open: with the code filled in if there is one, else the one to type it into. */
const char *login_screen_page(const struct device_authorization *authorization);

enum login_qr { LOGIN_QR_NO, LOGIN_QR_IF_IT_FITS, LOGIN_QR_YES };

/* Shows page and code, and the QR code. */
void login_screen_show(
    const struct report *report, const struct device_authorization *authorization, enum login_qr qr);

/* Shows it all once more, with the QR code, if that fits: no browser could be started after all. */
void login_screen_add_qr(const struct report *report, const struct device_authorization *authorization);

/* Redraws the line with the time left; nothing without a terminal. Call it about ten times a second. */
void login_screen_tick(const struct report *report, double seconds_left);

/* Removes the line. */
void login_screen_end(const struct report *report);

/* Removes page and codes as well, as far as the terminal still shows them where they were drawn. */
void login_screen_wipe(const struct report *report);

/* A note below the screen, which login_screen_wipe() removes with it. */
void login_screen_note(const struct report *report, const char *text);

struct login_success {
	const char *platform, *account; /* for JSON; NULL: the default account */
	const char *name;               /* "Kimi Code, account work" */
	bool has_models;
	size_t models;
	const char *default_model; /* NULL: none */
	const char *storage;       /* where the login is stored, for the terminal */
	const char *next;          /* what to type next */
};

/* Tells that a login succeeded, and what to do next. With --json, the event success. */
void login_screen_success(const struct report *report, const struct login_success *success);

#endif
