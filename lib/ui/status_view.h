/*
 * status_view: prints the status of logins: for a person, as JSON, or in one line.
 */
#ifndef KIMI_UI_STATUS_VIEW_H
#define KIMI_UI_STATUS_VIEW_H

#include "status/settings.h"
#include "status/status.h"

#include <jansson.h>

/*
 * Problems come first. `verbose` also shows exact times and settings that have their default.
 */
void status_show(const struct status_list *list, const struct settings *sources, bool verbose);

/* {"logins":[...],"proxies":[...]}. General problems are added to each login. Takes `proxies`. */
void status_show_json(const struct status_list *list, json_t *proxies);

/* The running proxies (proxy_record.h). */
void status_show_proxies(const json_t *proxies);

/* "kimi-code fresh 15 min" and a newline. */
void status_show_line(const struct status *status);

/* The events of a history, newest last: aligned on a terminal, else separated by tabs. */
void status_show_history(const json_t *lines);

#endif
