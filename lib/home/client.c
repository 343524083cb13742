#include "home/client.h"

#include "base/options.h"

#include <stdio.h>
#include <string.h>

const struct client *const clients[CLIENTS + 1] = {&client_kimi_code, &client_kimi_cli, NULL};

const struct client *client_find(const char *name, struct err *err)
{
	const char *names[CLIENTS + 1] = {NULL};
	char hint[120];

	for (size_t i = 0; clients[i]; i++) {
		if (strcmp(clients[i]->name, name) == 0)
			return clients[i];
		names[i] = clients[i]->name;
	}
	const char *nearest = options_nearest(name, names);
	if (nearest)
		snprintf(hint, sizeof(hint), "did you mean %s?", nearest);
	else
		snprintf(hint, sizeof(hint), "use %s or %s", names[0], names[1]);
	err_set(err, ERR_USAGE, hint, "unknown client '%.80s'", name);
	return NULL;
}
