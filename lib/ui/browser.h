/*
 * browser: opens a page in a browser, if there is a desktop.
 */
#ifndef KIMI_UI_BROWSER_H
#define KIMI_UI_BROWSER_H

#include <stdbool.h>

/* Whether there is a desktop, and no SSH session. */
bool browser_is_likely(void);

/*
 * Opens the URL, which must have passed url_check(), without a shell and without waiting.
 * Tries $BROWSER (commands separated by ':', in which %s is the URL), xdg-open, wslview and
 * open. Returns false if none of them can be started.
 */
bool browser_open(const char *url);

#endif
