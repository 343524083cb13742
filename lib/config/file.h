/*
 * file: reads config.toml, and changes it in one critical section.
 *
 * The file is shared with the chat client and belongs to the user. A change takes a lock
 * of our own, then reads, parses, edits, checks that the file on the disk is still the
 * one that was read (else it starts over) and replaces it atomically. A file that was
 * modified just now may be half written, so it is read again. A symbolic link is
 * followed, and the real file keeps its mode, group, ACL and extended attributes
 * (newfile_keep()). A new file gets mode 0600. A file that is invalid or belongs to
 * another user is never written. A change that changes nothing does not touch the file.
 *
 * If there is no config.toml but kimi-cli's older config.json, the first change migrates
 * it: its settings become config.toml, and it is renamed to config.json.bak.
 *
 * All errors are ERR_CONFIG, except ERR_BUSY (the lock) and ERR_INTERRUPTED.
 */
#ifndef KIMI_CONFIG_FILE_H
#define KIMI_CONFIG_FILE_H

#include "account/account.h"
#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"

#include <stdbool.h>

/*
 * 0: read, and the caller frees *ret_doc. 1: there is no file. -1: error, with line and
 * column if it is invalid.
 */
int config_file_read(const struct home *home, struct toml **ret_doc, struct err *err);

/*
 * Edits the document (toml.h) of that home. It may be called again with a newer document.
 * -1 fills *err.
 */
typedef int config_edit(const struct home *home, struct toml *doc, void *context, struct err *err);

struct config_change {
	config_edit *edit;
	void *context;
	bool changed; /* set on success: the file was written */
};

/*
 * Changes the file. If it holds an API key in a provider of a login, its mode becomes
 * 0600, even if nothing else changes.
 */
int config_file_change(const struct home *home, struct config_change *change, struct err *err);

enum config_note {
	CONFIG_TIGHTENED = 1,  /* others could read an API key in it; its mode is 0600 now */
	CONFIG_STAYS_OPEN = 2, /* others can read an API key in it: its file system ignores modes */
	CONFIG_STRICTER = 4,   /* group or ACL could not be kept, so the group lost its access */
	CONFIG_SPLIT = 8,      /* it had other hard links, which still have the old text */
};

/* Side effects of the changes since the last call. A command reports them once, at its end. */
unsigned config_file_take_notes(void);

/*
 * Takes the lock and removes temporary files that killed processes left. True: something
 * was removed.
 */
bool config_file_sweep(const struct home *home);

/* There is a config, config.toml or the older config.json. */
bool config_file_exists(const struct home *home);

/*
 * For callers that have not read the file; one that cannot be read counts as empty: the
 * platform of the default model (config_default_platform() in view.h), and whether the config
 * says that the login is stored in the keyring.
 */
const struct platform *config_default_platform_at(const struct home *home);
bool config_names_keyring(const struct account *who);

/* Fills *err, with line and column in config.toml, and returns -1. */
int config_file_error(const struct toml_error *error, struct err *err);

#endif
