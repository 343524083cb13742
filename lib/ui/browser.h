/*
 * browser: opening a page for a person, where there is a desktop to open it on.
 */
#ifndef KIMI_UI_BROWSER_H
#define KIMI_UI_BROWSER_H

#include <stdbool.h>

/* There is a desktop, and the person sits at it: not over SSH. */
bool browser_is_likely(void);

/*
 * Starts the first of $BROWSER (programs parted by ':', each with its arguments;
 * %s in one is the URL), xdg-open, wslview and open that can be started, without
 * a shell, and does not wait for it. The URL must have passed url_check(). False:
 * none could be started.
 */
bool browser_open(const char *url);

#endif
