#include "cli/supervise.h"

#include "base/process.h"
#include "base/signals.h"
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* As shells have it. */
enum { CANNOT_RUN = 126, NOT_FOUND = 127, SIGNALLED = 128 };

_Noreturn static void become(char *const argv[], const struct supervise_variable variables[2], pid_t parent,
    const struct sigaction *child_ended, int tell)
{
	/* A SIGKILL cannot be passed on; this is as near as one can come. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(SIGNALLED + SIGKILL);
	sigaction(SIGCHLD, child_ended, NULL);
	command_unharden();
	for (int i = 0; i < 2; i++)
		if (variables[i].name && setenv(variables[i].name, variables[i].value, 1) < 0)
			goto failed;
	execvp(argv[0], argv);
failed:;
	int error = errno;
	if (write(tell, &error, sizeof(error)) < 0) {
		/* the status says it too */
	}
	_exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

/* With everything blocked. 0: it runs. */
static int start(char *const argv[], const struct supervise_variable variables[2], pid_t *ret_pid,
    struct supervised *ret_end, struct err *err)
{
	struct sigaction usual = {.sa_handler = SIG_DFL}, before;
	pid_t parent = getpid();
	int ends[2], error = 0;

	/* Where it is ignored, children end without a status. */
	sigaction(SIGCHLD, &usual, &before);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, ERR_FAILED, "try again", "cannot run %s", argv[0]);
	pid_t pid = fork();
	if (pid == 0)
		become(argv, variables, parent, &before, ends[1]);
	if (pid < 0)
		error = errno;
	close(ends[1]);
	/* It ends without a byte when exec has closed the other end. */
	if (pid > 0 && read(ends[0], &error, sizeof(error)) == (ssize_t)sizeof(error))
		waitpid(pid, NULL, 0);
	close(ends[0]);
	*ret_pid = pid;
	if (!error)
		return 0;
	ret_end->status = error == ENOENT ? NOT_FOUND : CANNOT_RUN;
	errno = error;
	return err_errno(err, ERR_FAILED,
	    error == ENOENT ? "check its name and your PATH" : "make sure that you may run it",
	    "cannot run %s", *argv[0] ? argv[0] : "''");
}

static void mask_one(int number, int how)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(how, &one, NULL);
}

/* Returns when we are continued; SIGCONT is pending then, and passed on. */
static void stop_alike(int number)
{
	struct sigaction usual = {.sa_handler = SIG_DFL}, before;

	sigaction(number, &usual, &before); /* fails for SIGSTOP, which needs none */
	raise(number);
	mask_one(number, SIG_UNBLOCK);
	mask_one(number, SIG_BLOCK);
	if (number != SIGSTOP)
		sigaction(number, &before, NULL);
}

/*
 * What a terminal sends (Ctrl-C, Ctrl-Z, another size) goes to the whole group,
 * so the command has it already. A hang-up goes to the leader of the session
 * alone, and to the group when that has ended.
 */
static bool is_from_terminal(const siginfo_t *info)
{
	static const int keys[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH};

	if (info->si_code != SI_KERNEL)
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (info->si_signo == keys[i])
			return true;
	return info->si_signo == SIGHUP && getsid(0) != getpid();
}

/* The command's own need not come back: one that tells its group to stop would be told again and again. */
static bool is_for_command(const siginfo_t *info, pid_t command)
{
	return !is_from_terminal(info) && !(info->si_code <= 0 && info->si_pid == command);
}

static int wait_for_end(pid_t command)
{
	siginfo_t info;
	sigset_t all;
	int status;

	sigfillset(&all);
	for (;;) {
		int number = sigwaitinfo(&all, &info);
		if (number > 0 && number != SIGCHLD) {
			if (is_for_command(&info, command))
				kill(command, number);
			continue;
		}
		while (waitpid(command, &status, WNOHANG | WUNTRACED) == command) {
			if (!WIFSTOPPED(status))
				return status;
			stop_alike(WSTOPSIG(status));
		}
	}
}

int supervise_run(char *const argv[], const struct supervise_variable variables[2],
    struct supervised *ret_end, struct err *err)
{
	sigset_t all;
	pid_t command = -1;

	*ret_end = (struct supervised){0};
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (signals_caught())
		return signals_error(err);
	if (start(argv, variables, &command, ret_end, err) < 0)
		return -1;
	process_drop_inherited();
	int status = wait_for_end(command);
	if (WIFSIGNALED(status))
		*ret_end = (struct supervised){SIGNALLED + WTERMSIG(status), WTERMSIG(status)};
	else
		ret_end->status = WEXITSTATUS(status);
	return 0;
}

void supervise_die_alike(const struct supervised *end)
{
	if (!end->signal)
		return;
	signal(end->signal, SIG_DFL);
	raise(end->signal);
	mask_one(end->signal, SIG_UNBLOCK);
}
