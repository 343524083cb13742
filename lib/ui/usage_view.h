/*
 * usage_view: quotas and balances on standard output: for a person, for a pipe, as
 * JSON, in one line.
 */
#ifndef KIMI_UI_USAGE_VIEW_H
#define KIMI_UI_USAGE_VIEW_H

#include "api/profile.h"
#include "api/usage.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * On a terminal a block for each login, a row for each window. In a pipe lines of
 * account, window, used percent, used, limit and reset with tabs between them.
 */
void usage_show(const struct usage_login logins[], size_t count);

/* {"usages":[...]}; with a profile (NULL: none) the first says whose login it is. */
void usage_show_json(const struct usage_login logins[], size_t count, const struct profile *profile_of_first);

/* "5h 27% 7d 26%" and a newline; `with_age` says how old that is. */
void usage_show_line(const struct usage *usage, bool with_age);

/* The same without the newline, in `ret_line`. */
enum { USAGE_LINE_MAX = 1024 };
void usage_line(const struct usage *usage, bool with_age, char ret_line[USAGE_LINE_MAX]);

#endif
