/*
 * login_screen: what the user sees while a login waits for confirmation.
 *
 * On a terminal: the page, the code, the code in large letters, a QR code if no
 * browser can be opened, and a line that counts down. Page and code fit 24 lines; if
 * the terminal is too small, first the large letters and then the QR code are left
 * out. Elsewhere it prints plain lines. All of it goes to standard error.
 */
#ifndef KIMI_UI_LOGIN_SCREEN_H
#define KIMI_UI_LOGIN_SCREEN_H

#include "auth/oauth.h"
#include "ui/report.h"

#include <stdbool.h>
#include <stddef.h>

/* The page to open, with the code filled in if the server sent such a page. */
const char *login_screen_page(const struct device_authorization *authorization);

enum login_qr { LOGIN_QR_NO, LOGIN_QR_IF_IT_FITS, LOGIN_QR_YES };

/* Shows page and code, and the QR code. */
void login_screen_show(
    const struct report *report, const struct device_authorization *authorization, enum login_qr qr);

/* Shows the screen again with the QR code, if it fits, because no browser could be started. */
void login_screen_add_qr(const struct report *report, const struct device_authorization *authorization);

/* Redraws the line with the time left; nothing without a terminal. Call it about ten times a second. */
void login_screen_tick(const struct report *report, double seconds_left);

/* Removes that line. */
void login_screen_end(const struct report *report);

/* Removes the page and the codes too, unless the terminal was resized. */
void login_screen_wipe(const struct report *report);

/* A note below the screen, which login_screen_wipe() removes with it. */
void login_screen_note(const struct report *report, const char *text);

struct login_success {
	json_t *data;     /* of the event, see login_event.h; taken */
	const char *name; /* "Kimi Code, account work" */
	bool has_models;
	size_t models;
	const char *default_model; /* NULL: none */
	const char *storage;       /* where the login is stored, for the terminal */
	const char *next;          /* what to type next */
};

/* Reports that a login succeeded, and what to do next. With --json, the event success. */
void login_screen_success(const struct report *report, const struct login_success *success);

#endif
