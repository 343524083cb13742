/*
 * sources: which option, variable or file decides, and which is set without effect.
 */
#ifndef KIMI_STATUS_SETTINGS_H
#define KIMI_STATUS_SETTINGS_H

#include "home/home.h"
#include "status/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { SOURCES_MAX = 8, SOURCES_IGNORED_MAX = 32 };

struct sources {
	struct source {
		const char *what; /* "home", "login", "secret", "OAuth host", "API" */
		char value[512];
		const char *from; /* "--account", "KIMI_ACCOUNT", "the default", ... */
		bool is_usual;    /* nobody chose it: a default, or what is stored */
	} items[SOURCES_MAX];
	size_t count;
	struct ignored_variable {
		char name[64];
		char why[120];
	} ignored[SOURCES_IGNORED_MAX]; /* every KIMI_ variable that is set and changes nothing */
	size_t ignored_count;
};

/* For the login that was selected (status.h) in its home, and whether an option named its platform and its account. */
void sources_find(struct sources *ret_sources, const struct home *home, const struct status *selected,
    bool platform_named, bool account_named);

#endif
