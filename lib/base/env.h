/*
 * env: the environment as the toolkit reads it. An empty variable is an unset one.
 */
#ifndef KIMI_BASE_ENV_H
#define KIMI_BASE_ENV_H

#include <stdbool.h>

/* The value, or NULL if unset or empty; valid until the environment changes. */
const char *env_get(const char *name);

/* The variable is set to something that means yes: not empty, 0, false, no or off. */
bool env_true(const char *name);

#endif
