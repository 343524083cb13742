/*
 * status_show: the status of logins on standard output: for a person, as JSON, in one line.
 */
#ifndef KIMI_UI_STATUS_VIEW_H
#define KIMI_UI_STATUS_VIEW_H

#include "status/settings.h"
#include "status/status.h"

#include <jansson.h>

/*
 * Problems come first, those of all logins before the logins. Settings that nobody
 * chose, and exact times, only if `verbose`.
 */
void status_show(const struct status_list *list, const struct sources *sources, bool verbose);

/* {"logins":[...],"proxies":[...]}; what concerns all logins is a problem of each. `proxies` is taken. */
void status_show_json(const struct status_list *list, json_t *proxies);

/* The proxies that run (proxy_record.h), if any do. */
void status_show_proxies(const json_t *proxies);

/* "kimi-code fresh 15 min" and a newline. */
void status_show_line(const struct status *status);

/* The lines of a history, newest last: aligned on a terminal, else parted by tabs. False: no memory. */
bool status_show_history(const json_t *lines);

#endif
