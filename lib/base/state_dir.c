#include "base/state_dir.h"

#include "base/env.h"
#include "base/text.h"

bool state_dir_path(char *ret_path, size_t size)
{
	const char *state = env_get("XDG_STATE_HOME"), *home = env_get("HOME");

	if (state && *state == '/')
		return text_join(ret_path, size, (const char *const[]){state, "/kimi", NULL});
	return home && *home == '/' &&
	       text_join(ret_path, size, (const char *const[]){home, "/.local/state/kimi", NULL});
}
