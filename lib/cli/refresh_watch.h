/*
 * watch: staying, and keeping logins fresh.
 *
 * Every so often each login is looked at and refreshed if that is due. After the
 * machine has slept it is refreshed whatever its age: the wall clock ran on and
 * the monotonic one, which does not count sleep, did not. What fails is tried
 * again at the next look.
 *
 * Something is said when something happens: a refresh, a trouble that was not
 * there at the last look, the end of one. With `quiet` no trouble is mentioned
 * that passes by itself.
 */
#ifndef KIMI_CLI_REFRESH_WATCH_H
#define KIMI_CLI_REFRESH_WATCH_H

#include "account/account.h"
#include "auth/refresh.h"
#include "base/err.h"
#include "home/home.h"
#include "ui/report.h"

/*
 * Watches that login of the first home, NULL for all there are in all of them,
 * those that come later too, and looks every `interval` seconds. 0: a signal asked to stop, and everything that
 * was under way is saved. -1: no memory.
 */
int watch_run(const struct report *report, const struct home homes[], size_t home_count,
    const struct identity *only, const struct refresh_wish *wish, double interval, struct err *err);

#endif
