#include "base/inherited.h"
#include "base/process.h"

#include "base/clock.h"
#include "base/signals.h"
#include "scratch.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_MS = 30000 };

/* The result of a run. */
static struct {
	int result;
	struct process_exit exit;
	struct buf output;
	struct err err;
	long long took;
} got;

static void run(const struct process *process)
{
	long long start = clock_ms();

	buf_release(&got.output);
	got.err = (struct err){0};
	got.result = process_run(process, &got.output, &got.exit, &got.err);
	got.took = clock_ms() - start;
}

static void run_shell(const char *script)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	run(&(struct process){.argv = argv, .deadline = clock_ms() + LONG_MS});
}

static bool exited(int status, const char *output)
{
	return got.result == 0 && got.exit.end == PROCESS_EXITED && got.exit.status == status &&
	       strcmp(got.output.data, output) == 0;
}

static void test_ends(void)
{
	run_shell("echo out; echo err >&2");
	ok(exited(0, "out\n"), "standard output comes back, standard error does not");
	run_shell("exit 127");
	ok(exited(127, ""), "an exit status is told, 127 too");
	run_shell("kill -TERM $$");
	ok(got.result == 0 && got.exit.end == PROCESS_KILLED && got.exit.status == SIGTERM,
	    "a death by signal is told");
	run_shell("cat");
	ok(exited(0, ""), "without input there is nothing to read");
	run_shell("exec <&- >&-; sleep 0.2; exit 3");
	ok(exited(3, "") && got.took >= 200, "a child that closes its pipes is waited for");
}

/* As a caller may have left it; the child would inherit it from the shell. */
static void test_ignored_children(void)
{
	signal(SIGCHLD, SIG_IGN);
	run_shell("exit 3");
	ok(exited(3, "") && got.took < LONG_MS / 2,
	    "an exit status is told where the end of children was ignored");
	signal(SIGCHLD, SIG_DFL);
}

static void test_cannot_run(void)
{
	const char *const nowhere[] = {"/no/such/program", NULL}, *const on_path[] = {
	                                                              "no-such-program-here", NULL};
	const char *const no_program[] = {scratch_path("text"), NULL};

	run(&(struct process){.argv = nowhere, .deadline = clock_ms() + LONG_MS});
	ok(got.result == -1 && got.err.code == ERR_FAILED && strstr(got.err.what, "/no/such/program"),
	    "a program that is not there cannot be run, which is no exit status");
	run(&(struct process){.argv = on_path, .deadline = clock_ms() + LONG_MS});
	ok(got.result == -1 && got.err.code == ERR_FAILED, "nor one that is not on PATH");
	scratch_write("text", "#!/bin/sh\n", 0600);
	run(&(struct process){.argv = no_program, .deadline = clock_ms() + LONG_MS});
	ok(got.result == -1 && got.err.code == ERR_FAILED, "nor one that may not be executed");
	ok(!process_start_detached(nowhere), "nor can it be started and left alone");
}

/* In a child, because a lowered limit stays, and root has none. */
static void test_no_more_processes(void)
{
	const struct rlimit none = {0, 0};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		bool limited = setrlimit(RLIMIT_NPROC, &none) == 0 && (geteuid() || setuid(65534) == 0);
		if (limited)
			run_shell("exit 0");
		_exit(limited && got.result == -1 && got.err.code == ERR_BUSY ? 0 : 1);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "where no more processes can be had, trying again later may help");
}

static void test_input(void)
{
	enum { LARGE = 1 << 20 }; /* many times the size of a pipe */
	const char *const cat[] = {"cat", NULL}, *const deaf[] = {"true", NULL};
	char *large = malloc(LARGE);

	memset(large, 'x', LARGE);
	run(&(struct process){
	    .argv = cat, .input = large, .input_len = LARGE, .deadline = clock_ms() + LONG_MS});
	ok(got.result == 0 && got.output.len == LARGE && memcmp(got.output.data, large, LARGE) == 0,
	    "input and output larger than a pipe pass through");
	run(&(struct process){
	    .argv = deaf, .input = large, .input_len = LARGE, .deadline = clock_ms() + LONG_MS});
	ok(exited(0, ""), "a child that does not read its input is no error");
	run(&(struct process){.argv = cat, .input = "", .input_len = 0, .deadline = clock_ms() + LONG_MS});
	ok(exited(0, ""), "empty input ends at once");
	free(large);
}

static void test_output_limit(void)
{
	const char *const argv[] = {"/bin/sh", "-c", "head -c 300000 /dev/zero; exit 5", NULL};
	const struct process process = {.argv = argv, .deadline = clock_ms() + LONG_MS};
	struct buf small;

	buf_init(&small, 1000);
	int result = process_run(&process, &small, &got.exit, NULL);
	ok(result == 0 && got.exit.end == PROCESS_EXITED && got.exit.status == 5 && small.failed &&
	        small.len <= 1000,
	    "output beyond the limit is thrown away, and the child ends as it would");
	buf_release(&small);
}

/* Waits for the process to write its pid there, and returns whether it is running. */
static bool lives(const char *name)
{
	char bytes[32] = "";

	for (int i = 0; i < 200; i++) {
		FILE *in = fopen(scratch_path(name), "re");
		bool read = in && fgets(bytes, sizeof(bytes), in) && strchr(bytes, '\n');
		if (in)
			fclose(in);
		if (read)
			break;
		usleep(20000);
	}
	int pid = atoi(bytes);
	/* It was killed when our session ended, so it ends soon. */
	for (int i = 0; pid > 0 && i < 25 && kill(pid, 0) == 0; i++) {
		char path[64], state = 'Z';
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		FILE *stat = fopen(path, "re");
		if (stat && fscanf(stat, "%*d %*s %c", &state) != 1)
			state = 'Z';
		if (stat)
			fclose(stat);
		if (state == 'Z')
			return false;
		usleep(20000);
	}
	return pid > 0 && kill(pid, 0) == 0;
}

static void end(const char *name)
{
	FILE *in = fopen(scratch_path(name), "re");
	int pid = 0;

	if (in && fscanf(in, "%d", &pid) == 1 && pid > 0)
		kill(pid, SIGKILL);
	if (in)
		fclose(in);
}

static void test_deadline(void)
{
	char script[200];
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	snprintf(script, sizeof(script), "echo early; echo $$ >%s/slow; exec sleep 60", scratch_directory);
	long long deadline = clock_ms() + 1500;
	run(&(struct process){.argv = argv, .deadline = deadline});
	ok(got.result == 0 && got.exit.end == PROCESS_UNFINISHED && clock_ms() >= deadline &&
	        got.took < 20000 && !lives("slow"),
	    "at the deadline a child is killed");
	ok(strcmp(got.output.data, "early\n") == 0, "what it said until then is kept");
	snprintf(script, sizeof(script), "sleep 60 & echo $! >%s/slow; wait", scratch_directory);
	unlink(scratch_path("slow"));
	run(&(struct process){.argv = argv, .own_session = true, .deadline = clock_ms() + 1500});
	ok(got.exit.end == PROCESS_UNFINISHED && !lives("slow"),
	    "with a session of its own its children die with it");
	snprintf(script, sizeof(script), "echo $$ >%s/slow; exec sleep 60", scratch_directory);
	unlink(scratch_path("slow"));
	run(&(struct process){
	    .argv = argv, .own_session = true, .outlives = true, .deadline = clock_ms() + 1500});
	ok(got.result == 0 && got.exit.end == PROCESS_UNFINISHED && lives("slow"),
	    "one that outlives is left running at the deadline");
	end("slow");
	run(&(struct process){.argv = argv, .deadline = clock_ms() - 1});
	ok(got.result == 0 && got.exit.end == PROCESS_UNFINISHED,
	    "a deadline that has passed ends it at once");
}

static void test_grandchild(void)
{
	char script[200];

	snprintf(script, sizeof(script), "sleep 60 & echo $! >%s/grandchild; echo done", scratch_directory);
	run_shell(script);
	ok(exited(0, "done\n") && got.took < 20000, "a grandchild that holds the pipe is not waited for");
	end("grandchild");
}

static void test_descriptors(void)
{
	int fd = open("/dev/null", O_RDONLY); /* not close-on-exec, as a caller may leave them */
	int low = fcntl(fd, F_DUPFD, 100), high = fcntl(fd, F_DUPFD, 200);

	/* A shell may open some of its own, but with lower numbers. */
	run_shell("for fd in /proc/$$/fd/*; do [ ${fd##*/} -lt 100 ] || echo $fd; done");
	ok(low >= 100 && high >= 200 && exited(0, ""),
	    "a child gets no descriptor beyond the standard three");
	close(low);
	close(fd);
	close(high);
	run_shell("[ ! -t 0 ] && readlink /proc/$$/fd/2");
	ok(exited(0, "/dev/null\n"), "its standard error is /dev/null");
}

/* A caller that closed its standard descriptors must not get them mixed up with our pipes. */
static void test_closed_standard_descriptors(void)
{
	const char *const argv[] = {"cat", NULL};
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		run(&(struct process){
		    .argv = argv, .input = "hello", .input_len = 5, .deadline = clock_ms() + LONG_MS});
		_exit(exited(0, "hello") ? 0 : 1);
	}
	ok(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "closed standard descriptors of the caller are no trouble");
}

static void test_signals(void)
{
	run_shell("kill -PIPE $$; exit 0");
	ok(got.exit.end == PROCESS_KILLED && got.exit.status == SIGPIPE, "a child has the usual SIGPIPE");
	signals_hold();
	run_shell("kill -TERM $$; exit 0");
	signals_release();
	ok(got.exit.end == PROCESS_KILLED && got.exit.status == SIGTERM,
	    "and nothing blocked, whatever its caller holds");
	signal(SIGCHLD, SIG_IGN);
	run(&(struct process){
	    .argv = (const char *const[]){"/bin/sh", "-c", "exit 3", NULL}, .deadline = clock_ms() + 3000});
	ok(exited(3, ""),
	    "a caller that ignores the end of its children, as its own caller did, gets it all the same");
	pid_t killer = fork();
	if (killer == 0) {
		usleep(200000);
		_exit(kill(getppid(), SIGTERM));
	}
	run_shell("sleep 60");
	ok(got.result == -1 && got.err.code == ERR_INTERRUPTED && got.took < 20000,
	    "a signal to the caller ends the run");
	waitpid(killer, NULL, 0);
}

/* Replaces that of the C library in lib/, too: a child that is always faster than its reader. */
static bool never_dry;
ssize_t read(int fd, void *bytes, size_t len)
{
	if (!never_dry)
		return syscall(SYS_read, fd, bytes, len);
	memset(bytes, 'x', len);
	return (ssize_t)len;
}

static void test_endless_output(void)
{
	const char *const argv[] = {"/bin/sh", "-c", "echo; sleep 60", NULL};
	const struct process process = {.argv = argv, .deadline = clock_ms() + 50};

	never_dry = true;
	alarm(60);
	run(&process);
	alarm(0);
	never_dry = false;
	ok(got.result == 0 && got.exit.end == PROCESS_UNFINISHED,
	    "a child that never stops writing does not outlast its deadline");
}

/* From here on the system call `number` fails with `error`, as on another kernel. */
static void deny(long number, int error)
{
	struct sock_filter filter[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, 2, &program) < 0)
		_exit(4);
}

enum { ALL_TAKEN = -1 };

/*
 * 0: inherited_drop() left what is ours, and nothing else, although the system call
 * `denied` fails (0: none), or although no descriptor is free (ALL_TAKEN).
 */
static int drop_inherited(long denied, int error)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		const struct rlimit many = {6000, 6000};
		struct stat standard, null;
		int last;

		setrlimit(RLIMIT_NOFILE, &many);
		stat("/dev/null", &null);
		int inherited = fcntl(STDERR_FILENO, F_DUPFD, 40),
		    own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 40),
		    beside = fcntl(STDERR_FILENO, F_DUPFD, 40),
		    far_own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 5000);
		while ((last = fcntl(STDERR_FILENO, F_DUPFD, 5000)) < 5990 || denied == ALL_TAKEN)
			if (last < 0)
				break;
		while (denied == ALL_TAKEN && dup(STDERR_FILENO) >= 0)
			;
		if (denied > 0)
			deny(denied, error);
		inherited_drop();
		bool is_dropped = fcntl(inherited, F_GETFD) < 0 && fcntl(beside, F_GETFD) < 0 &&
		                  fcntl(5990, F_GETFD) < 0 && fcntl(5999, F_GETFD) < 0;
		bool is_ours = fcntl(own, F_GETFD) >= 0 && fcntl(far_own, F_GETFD) >= 0;
		fstat(STDERR_FILENO, &standard);
		_exit(!is_dropped + 2 * !is_ours + 8 * (standard.st_rdev != null.st_rdev));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_drop_inherited(void)
{
	ok(drop_inherited(0, 0) == 0,
	    "what was inherited is closed, whatever its number, and what is ours stays");
	ok(drop_inherited(ALL_TAKEN, 0) == 0, "the same where no descriptor is free");
#ifdef SYS_close_range
	if (!is_native()) /* which makes system calls itself */
		return;
	ok(drop_inherited(SYS_close_range, ENOSYS) == 0, "the same by a kernel without close_range()");
	ok(drop_inherited(SYS_close_range, EPERM) == 0, "the same in a container that denies close_range()");
#endif
}

int main(void)
{
	scratch_open();
	signals_start();
	buf_init(&got.output, 2 << 20);
	test_ends();
	test_ignored_children();
	if (is_native()) /* otherwise posix_spawn() would fork(), which fails in the child */
		test_cannot_run();
	test_no_more_processes();
	test_input();
	test_output_limit();
	test_deadline();
	test_endless_output();
	test_drop_inherited();
	test_grandchild();
	test_descriptors();
	test_closed_standard_descriptors();
	test_signals();
	buf_release(&got.output);
	scratch_close();
	return tap_done();
}
