/*
 * usage_view: prints quotas and balances: for a person, for a pipe, as JSON, or in one
 * line.
 */
#ifndef KIMI_UI_USAGE_VIEW_H
#define KIMI_UI_USAGE_VIEW_H

#include "api/profile.h"
#include "api/usage.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The first column in a pipe, and the name in errors: "kimi-code", "kimi-code@work (kimi-cli)",
 * "kimi-code (global)". It names the client if the logins are of several homes.
 */
enum { USAGE_LABEL_MAX = ACCOUNT_NAME_MAX + 80 };
void usage_label(const struct usage_login logins[], size_t count, size_t i, char ret_label[USAGE_LABEL_MAX]);

/*
 * On a terminal a block for each login with a row for each window. In a pipe lines of
 * account, window, used percent, used, limit and reset time, separated by tabs.
 */
void usage_show(const struct usage_login logins[], size_t count);

/* {"usages":[...]}. The profile (may be NULL) is added to the first login. */
void usage_show_json(const struct usage_login logins[], size_t count, const struct profile *profile_of_first);

/* "5h 27% 7d 26%" and a newline; `with_age` adds its age. */
void usage_show_line(const struct usage *usage, bool with_age);

/* The same without the newline, in `ret_line`. */
enum { USAGE_LINE_MAX = 1024 };
void usage_line(const struct usage *usage, bool with_age, char ret_line[USAGE_LINE_MAX]);

#endif
