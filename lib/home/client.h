/*
 * client: the chat clients whose homes the toolkit keeps, as data.
 *
 * A row is all that sets one client apart for the layers above: where its home is,
 * how its files are named, locked and written. Another client is another row.
 */
#ifndef KIMI_HOME_CLIENT_H
#define KIMI_HOME_CLIENT_H

#include "base/err.h"

#include <stdbool.h>

enum client_lock {
	CLIENT_LOCK_FILE,      /* flock on credentials/NAME.lock */
	CLIENT_LOCK_DIRECTORY, /* the directory oauth/NAME.lock (dir_lock.h) */
};

struct client {
	const char *name;          /* of --client, KIMI_CLIENT and in JSON */
	const char *program;       /* as people call it */
	const char *home_variable; /* the environment variable with its home */
	const char *home_default;  /* below $HOME */
	const char *traces[5];     /* what only the client itself leaves in its home; ended by NULL */
	const char *older_config;  /* the name of a config that came before config.toml; NULL: none */
	enum client_lock lock;
	bool has_slots;   /* a login's name depends on its hosts (slot.h), and config.toml may name them */
	bool has_keyring; /* logins may lie in the keyring */
	/* Its dialect of the device headers. */
	const char *header_platform;
	bool node_names; /* of the processor, and the kernel release as version: as Node.js has them */
	bool uuid;       /* its device ids are UUIDs, else 32 hexadecimal digits */
	/* Its dialect of the stored login. */
	bool pretty_record; /* on several lines, with whole seconds */
};

extern const struct client client_kimi_code, client_kimi_cli;

/* The current one first; ended by NULL. */
enum { CLIENTS = 2 };
extern const struct client *const clients[CLIENTS + 1];

/* The client of that name. NULL: there is none, and *err (ERR_USAGE) lists them. */
const struct client *client_find(const char *name, struct err *err);

#endif
