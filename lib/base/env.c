#include "base/env.h"

#include <stdlib.h>
#include <strings.h>

const char *env_get(const char *name)
{
	const char *value = getenv(name);

	if (value && *value)
		return value;
	return NULL;
}

bool env_true(const char *name)
{
	const char *value = env_get(name);

	return value && strcasecmp(value, "0") != 0 && strcasecmp(value, "false") != 0 &&
	       strcasecmp(value, "no") != 0 && strcasecmp(value, "off") != 0;
}
