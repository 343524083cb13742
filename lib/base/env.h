/*
 * env: the environment. An empty variable counts as unset.
 */
#ifndef KIMI_BASE_ENV_H
#define KIMI_BASE_ENV_H

#include <stdbool.h>

/* The value, or NULL if unset or empty; valid until the environment changes. */
const char *env_get(const char *name);

/* The variable is set, and not to 0, false, no or off. */
bool env_true(const char *name);

#endif
