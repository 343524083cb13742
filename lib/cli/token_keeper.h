/*
 * keeper: a process beside us that keeps a token fresh while something runs.
 *
 *	keeper_start()      gets the first token, or says why there is none
 *	...                 the keeper looks at it now and then, through kimi-token, which
 *	                    refreshes in time, and replaces the file if there is one
 *	keeper_stop()       the file is gone when this returns
 *
 * It has a session of its own and none of our descriptors, so that no signal from
 * a terminal ends it and no pipe stays open because of it. It ends with us
 * however we end, SIGKILL included, and removes the file then.
 */
#ifndef KIMI_CLI_TOKEN_KEEPER_H
#define KIMI_CLI_TOKEN_KEEPER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { KEEPER_PATH_MAX = 1024 };

struct keeper_wish {
	const char *platform_id, *account; /* as given on the command line; NULL: not given */
	double interval;                   /* seconds between two looks at most */
	bool file;                         /* the token is to lie in a file, too */
};

struct keeper {
	char file
	    [KEEPER_PATH_MAX]; /* of the token, 0600: the token alone, empty once there is none; "" if not wished */
	char folder[KEEPER_PATH_MAX]; /* made for it alone, "" if it lies in $XDG_RUNTIME_DIR/kimi */
	pid_t pid;                    /* -1: not running */
	int line;                     /* to the keeper; it ends when this is closed */
};

/*
 * The token is added to `ret_token`, a secret buffer. -1: what kimi-token says
 * (there is no login, ...), ERR_STORAGE (no place for the file),
 * ERR_INTERRUPTED; nothing is left to stop then.
 */
int keeper_start(
    struct keeper *keeper, const struct keeper_wish *wish, struct buf *ret_token, struct err *err);

void keeper_stop(struct keeper *keeper);

#endif
