/*
 * config_file: config.toml read, and changed in one critical section.
 *
 * The file is shared with kimi-cli and belongs to the user. A change runs under
 * a lock of our own: read, parse, edit, look whether the file on the disk is
 * still the one that was read (else start over), replace whole. One that was
 * touched just now may be half of what kimi-cli is writing, and is read again
 * before anything is concluded from it. A link is followed to the real file,
 * whose mode, group, ACL and extended attributes are kept (newfile_keep() of
 * base/file.h); a new file gets 0600. A file that does not parse is never
 * written to, nor one of another owner, which is read all the same. A change that changes nothing leaves the file alone.
 *
 * Where there is no config.toml but kimi-cli's older config.json, the first
 * change migrates it: its settings become config.toml, and it is kept as
 * config.json.bak.
 *
 * All errors here are ERR_CONFIG, but ERR_BUSY (the lock) and ERR_INTERRUPTED.
 */
#ifndef KIMI_CONFIG_FILE_H
#define KIMI_CONFIG_FILE_H

#include "base/err.h"
#include "format/toml.h"
#include "home/home.h"

#include <stdbool.h>

/* Reads it; the caller frees *ret_doc. 0 read, 1 there is none, -1 error (line and column in its text). */
int config_file_read(const struct home *home, struct toml **ret_doc, struct err *err);

/* Notes edits on the document (toml.h) of that home. May be called again with a newer document. -1 fills *err. */
typedef int config_edit(const struct home *home, struct toml *doc, void *context, struct err *err);

struct config_change {
	config_edit *edit;
	void *context;
	bool changed; /* set: the file was written */
};

/* One that holds an API key of ours is closed to others (0600), also if nothing else changes. */
int config_file_change(const struct home *home, struct config_change *change, struct err *err);

enum config_note {
	CONFIG_TIGHTENED = 1,  /* others could read an API key in it, and cannot any more */
	CONFIG_STAYS_OPEN = 2, /* they still can: its file system keeps no modes */
	CONFIG_STRICTER = 4,   /* its group or ACL could not be kept: the group may not read it any more */
	CONFIG_SPLIT = 8,      /* it had other hard links, which still lead to the old text */
};

/* What the changes since the last call did beside what was asked: to be said once, at the end of a command. */
unsigned config_file_take_notes(void);

/* Removes what killed writers left of it, under the lock; true if there was something. */
bool config_file_sweep(const struct home *home);

/* There is a config to change, config.toml or the older config.json. */
bool config_file_exists(const struct home *home);

/* Fills *err with the place in config.toml and returns -1. */
int config_file_error(const struct toml_error *error, struct err *err);

#endif
