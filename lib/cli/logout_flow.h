/*
 * logout_flow: logout as the user sees it.
 *
 * Connects login/logout.h with a report: what was removed, and what is left.
 */
#ifndef KIMI_CLI_LOGOUT_FLOW_H
#define KIMI_CLI_LOGOUT_FLOW_H

#include "account/account.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

#include <stddef.h>

/* The homes that a logout is about, with the hosts of their configs. */
struct logout_homes {
	struct home list[CLIENTS];
	size_t count;
};

/*
 * Removes one login, and names the command for each that is left in the homes and that the
 * user may have meant, or uses from now on. -1: as logout_run().
 */
int logout_flow_one(const struct report *report, const struct logout_homes *homes,
    const struct account *account, struct err *err);

/*
 * Removes every login of the homes. A failure stops no other: -1 with the first one in *err,
 * and further ones have been reported.
 */
int logout_flow_all(const struct report *report, const struct logout_homes *homes, struct err *err);

#endif
