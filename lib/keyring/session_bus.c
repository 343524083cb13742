#include "keyring/session_bus.h"

#include "base/buf.h"
#include "base/env.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char variable[] = "DBUS_SESSION_BUS_ADDRESS";

static bool is_own_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

/* Drops those of the addresses, separated by semicolons, that launch a bus or disable it. */
static bool take_running(const char *given)
{
	struct buf kept;

	buf_init(&kept, strlen(given));
	for (const char *at = given; *at;) {
		size_t n = strcspn(at, ";");
		if (n && !g_str_has_prefix(at, "autolaunch:") && !g_str_has_prefix(at, "disabled:")) {
			if (kept.len)
				buf_addch(&kept, ';');
			buf_add(&kept, at, n);
		}
		at += n + (at[n] == ';');
	}
	bool found = kept.len && setenv(variable, kept.data, 1) == 0;
	buf_release(&kept);
	return found;
}

static bool take_socket(const char *directory)
{
	char path[128], address[160];
	int n = snprintf(path, sizeof(path), "%s/bus", directory);

	if (n < 0 || (size_t)n >= sizeof(path) || !is_own_socket(path))
		return false;
	snprintf(address, sizeof(address), "unix:path=%s", path);
	return setenv(variable, address, 1) == 0;
}

bool session_bus_find(void)
{
	const char *given = env_get(variable), *runtime = env_get("XDG_RUNTIME_DIR");
	char directory[64];

	if (given)
		return take_running(given);
	if (runtime && take_socket(runtime))
		return true;
	snprintf(directory, sizeof(directory), "/run/user/%lu", (unsigned long)geteuid());
	return take_socket(directory);
}
