/*
 * login_flow: logging in as a person sees it.
 *
 * Joins login/device_flow.h and login/key_login.h with a report and a person: what
 * is shown, what is asked, and in which order things are saved. The tokens are saved
 * before the model list is fetched, so that a list that fails never loses a login.
 */
#ifndef KIMI_CLI_LOGIN_FLOW_H
#define KIMI_CLI_LOGIN_FLOW_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

#include <stdbool.h>

struct login_wish {
	const struct platform *platform; /* NULL: not named */
	const char *region;              /* of --region; NULL: not given */
	const char *storage;             /* "auto" or NULL, "keyring", "file" */
	struct identity who;             /* of the device flow: the platform and the account */
	bool qr;                         /* always draw the QR code */
	bool no_browser;
	bool force;
	bool api_key_stdin;
	double timeout; /* seconds */
};

/* The device flow, unless a good login is stored. */
int login_flow_oauth(
    const struct report *report, const struct login_wish *wish, const struct home *home, struct err *err);

/*
 * An API key, from standard input or a prompt. Without a platform, the one that
 * takes the key. It is kept in the config, never in the keyring.
 */
int login_flow_key(
    const struct report *report, const struct login_wish *wish, const struct home *home, struct err *err);

struct models;

/* Tells that the login succeeded; `models` NULL: they were not fetched. `storage` says where it is, for a terminal. */
void login_flow_succeeded(const struct report *report, const struct identity *who, const struct home *home,
    const struct models *models, const char *storage);

/*
 * Asks a person which platform and, where `with_regions`, which region of one that has
 * several. *ret_region is NULL for the others. -1: ERR_USAGE at the end of the
 * input, ERR_INTERRUPTED.
 */
int login_flow_choose(bool with_regions, const struct platform **ret_platform,
    const struct region **ret_region, struct err *err);

#endif
