/*
 * client: the chat clients whose homes the toolkit can use, as data.
 *
 * A row describes a client for all other modules: where its home is, and how its files are
 * named, locked and written. A new client is a new row.
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
	const char *program;       /* its name in messages */
	const char *home_variable; /* the environment variable for its home */
	const char *home_default;  /* below $HOME */
	const char *traces[5];     /* files that only the client itself creates; ended by NULL */
	const char *older_config;  /* the name of its config before config.toml; NULL: none */
	enum client_lock lock;
	bool has_slots;   /* a login's name depends on its hosts (slot.h) in config.toml */
	bool has_keyring; /* logins may be stored in the keyring */
	/* The format of the device headers. */
	const char *header_platform;
	bool node_names; /* processor names of Node.js, kernel release as OS version */
	bool uuid;       /* device ids are UUIDs, else 32 hexadecimal digits */
	/* The format of the stored login. */
	bool pretty_record; /* on several lines, with whole seconds */
};

extern const struct client client_kimi_code, client_kimi_cli;

/* The current one first; ended by NULL. */
enum { CLIENTS = 2 };
extern const struct client *const clients[CLIENTS + 1];

/* The client with that name. NULL: there is none, and the hint of *err (ERR_USAGE) lists them. */
const struct client *client_find(const char *name, struct err *err);

#endif
