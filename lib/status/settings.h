/*
 * settings: where each setting comes from, and which variables have no effect.
 */
#ifndef KIMI_STATUS_SETTINGS_H
#define KIMI_STATUS_SETTINGS_H

#include "status/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { SETTINGS_MAX = 8, SETTINGS_IGNORED_MAX = 32 };

struct settings {
	struct setting {
		const char *what; /* "home", "login", "secret", "OAuth host", "API" */
		char value[512];
		const char *from; /* "--account", "KIMI_ACCOUNT", "the default", ... */
		bool is_usual;    /* a default, or what is stored: nobody chose it now */
	} items[SETTINGS_MAX];
	size_t count;
	struct ignored_variable {
		char name[64];
		const char *reason;
	} ignored[SETTINGS_IGNORED_MAX]; /* each KIMI_ variable that has no effect here or in a client */
	size_t ignored_count;
};

/* Which parts of the login were named by an option. */
struct settings_named {
	bool platform, account;
};

/* Finds the settings for the login that status_select() selected. */
void settings_find(
    struct settings *ret_settings, const struct status *selected, const struct settings_named *named);

#endif
