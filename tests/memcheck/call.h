/*
 * call: what it costs to start a program under valgrind, paid once. It takes a quarter of a second, and a whole one where
 * many libraries come along, and the suite starts thousands. So each program is started once, with forkserver.c loaded
 * before it, and halts short of main(), warmed up (warm.h). What the tests start under its name is caller.c, which hands
 * over all that it was given itself; a fork of the halted program goes on with that, and valgrind, in the fork, too.
 *
 * One connection is one call: a message to the fork server, a struct call and what belongs to it; then one int back, the
 * process, and another, the status it ended with, as from waitpid(). A caller that hangs up before was killed.
 */
#ifndef KIMI_TESTS_CALL_H
#define KIMI_TESTS_CALL_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#define CALL_FDS     250 /* a message carries 253 */
#define CALL_ALL_FDS (CALL_FDS + 2)
#define CALL_MAX_FD  511    /* what has a higher number in the server is not a call's */
#define CALL_SIZE    150000 /* bytes of a message */

/* Followed by strings, each with its NUL: where the program is to think it lies, the arguments, the environment. With
 * it come the descriptors: the folder to work in, its mounts where they are not the server's, then those of the
 * program. */
struct call {
	int argc;
	int envc;
	bool has_mounts;
	int fd_count;
	int fds[CALL_FDS]; /* the numbers of the program's */
	mode_t umask;
	pid_t group; /* 0: a session of its own */
	sigset_t ignored;
	sigset_t blocked;
	struct rlimit limits[RLIM_NLIMITS];
};

#endif
