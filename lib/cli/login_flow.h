/*
 * login_flow: login as the user sees it.
 *
 * Connects login/device_flow.h and login/key_login.h with a report: what is shown and asked,
 * and in which order things are saved. The tokens are saved before
 * the model list is fetched, so a failed list never loses a login.
 */
#ifndef KIMI_CLI_LOGIN_FLOW_H
#define KIMI_CLI_LOGIN_FLOW_H

#include "account/account.h"
#include "base/err.h"
#include "store/store.h"
#include "ui/report.h"

#include <stdbool.h>

struct login_request {
	const struct platform *platform; /* NULL: not given */
	const char *region;              /* NULL: not given */
	const char *storage;             /* "auto" or NULL, "keyring", "file" */
	struct account account;          /* located in its home */
	bool qr;                         /* always draw the QR code */
	bool no_browser;
	bool force;
	bool api_key_stdin;
	double timeout; /* seconds */
};

/* Runs the device flow, unless a valid login is stored and `force` is not set. */
int login_flow_oauth(const struct report *report, const struct login_request *request, struct err *err);

/*
 * Reads an API key from standard input or a prompt, and saves it in the config. Without a
 * platform, finds the one that accepts the key.
 */
int login_flow_key(const struct report *report, const struct login_request *request, struct err *err);

struct models;

/* Reports the success. `models` NULL: not fetched. `storage`: where the login is stored, for the terminal. */
void login_flow_succeeded(const struct report *report, const struct account *account,
    const struct models *models, const char *storage);

/* Moves a stored login as --storage says ("auto" or NULL: not at all), and notes that it was moved. */
int login_flow_move(const struct report *report, struct store *store, const char *storage, struct err *err);

/*
 * Asks a person for the platform, and `with_regions` also for its region. *ret_region is NULL
 * if the platform has no regions. -1: ERR_USAGE at the end of the input, ERR_INTERRUPTED.
 */
int login_flow_choose(bool with_regions, const struct platform **ret_platform,
    const struct region **ret_region, struct err *err);

#endif
