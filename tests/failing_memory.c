/*
 * failing_memory: makes each allocation of a program fail once. For LD_PRELOAD; it has no effect on a static
 * program. Before main() the process becomes a server that forks the program again and again: in run N the
 * Nth call of malloc(), calloc() or realloc() returns NULL, except those of libcurl's initialization. It ends
 * with the first run that makes fewer than N calls. Environment:
 *
 *   KIMI_TEST_MEMORY=COUNT         the maximum number of runs
 *   KIMI_TEST_MEMORY_STEP=STEP     lets only every STEPth allocation fail
 *   KIMI_TEST_MEMORY_THEN=all      all later allocations fail, too
 *   KIMI_TEST_MEMORY_BEFORE=LINE   a shell line to run before each run
 *   KIMI_TEST_MEMORY_DIR=DIRECTORY for the output of a run
 *   KIMI_TEST_MEMORY_AFTER=N       no server: SIGUSR2 makes the Nth allocation after it fail
 *
 * A run is good if it ends by itself, leaves no temporary file below $HOME, and either prints what the
 * program usually prints (except digits) and exits with 0, or says in exactly one line why not. Bad runs are
 * reported on standard output, and the exit status is then 1.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's own functions, so that nothing has to be looked up before the first call. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static _Atomic long left;    /* calls until one fails; 0: none fails */
static _Atomic bool *failed; /* shared with the server */
static bool all_after;

static bool fails(void)
{
	long now = left;

	if (!now)
		return false;
	while (!atomic_compare_exchange_weak(&left, &now, now > 1 ? now - 1 : all_after))
		if (!now)
			return false;
	if (now > 1)
		return false;
	*failed = true;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return fails() ? NULL : __libc_realloc(memory, size);
}

enum { MOST = 64 * 1024 };

static char usual[MOST], printed[MOST], said[MOST], out_file[4096], err_file[4096];

/* Digits depend on time and chance: replaces each run of them with a 0. */
static void read_file(const char *path, char text[MOST])
{
	size_t kept = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, MOST - 1);

	close(fd);
	for (ssize_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)text[i]) || !kept || text[kept - 1] != '0')
			text[kept++] = isdigit((unsigned char)text[i]) ? '0' : text[i];
	text[kept] = '\0';
}

/* A request that failed may be sent again, with a message: ignores that message. */
static void drop_waiting_events(char *text)
{
	static const char mark[] = "{\"type\":\"waiting\"";

	for (char *at; (at = strstr(text, mark));) {
		char *next = strchr(at, '\n');
		memmove(at, next ? next + 1 : "", next ? strlen(next) : 1);
	}
}

static int is_leftover(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	return kind == FTW_F && path[at->base] == '.' && strstr(path + at->base, ".kimi-");
}

static const char *judge(int status, bool has_failed)
{
	const char *end = strchr(said, '\n');

	if (WIFSIGNALED(status))
		return "killed by a signal";
	if (nftw(getenv("HOME"), is_leftover, 16, FTW_PHYS) > 0)
		return "leaves a temporary file";
	if (!has_failed)
		strcpy(usual, printed);
	if (WEXITSTATUS(status) == 0)
		return strcmp(printed, usual) == 0 ? NULL : "exits with 0 and prints something else";
	if (!has_failed)
		return "fails, though no allocation does";
	if (strncmp(said, "kimi", 4) != 0 || !end || end[1])
		return "does not say one line";
	return NULL;
}

static void become_program(long n)
{
	int out = open(out_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int err = open(err_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	left = n;
}

/* False: there was no such allocation. In the program itself it does not return, but continues in main(). */
static bool run(long n, const char *before, long *ret_bad, bool *ret_is_program)
{
	int status;

	*failed = false;
	if (before && system(before) != 0)
		exit(2);
	pid_t child = fork();
	*ret_is_program = child == 0;
	if (child == 0) {
		become_program(n);
		return false;
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(2);
	read_file(out_file, printed);
	read_file(err_file, said);
	drop_waiting_events(printed);
	const char *reason = judge(status, *failed);
	if (reason) {
		++*ret_bad;
		printf("allocation %ld: %s; status %x\n%s%s\n", n, reason, (unsigned)status, said, printed);
		fflush(stdout); /* otherwise the next run would have it, too */
	}
	return *failed || !n;
}

static long after_signal;

static void count_from_here(int signal)
{
	(void)signal;
	left = after_signal;
}

__attribute__((constructor)) static void wait_for_signal(void)
{
	static _Atomic bool has_failed;
	const char *after = getenv("KIMI_TEST_MEMORY_AFTER");

	if (!after)
		return;
	after_signal = atol(after);
	failed = &has_failed;
	signal(SIGUSR2, count_from_here);
	unsetenv("LD_PRELOAD"); /* not for those that the program starts */
}

__attribute__((constructor)) static void serve(void)
{
	const char *count = getenv("KIMI_TEST_MEMORY"), *before = getenv("KIMI_TEST_MEMORY_BEFORE");
	const char *then = getenv("KIMI_TEST_MEMORY_THEN"), *directory = getenv("KIMI_TEST_MEMORY_DIR");
	const char *every = getenv("KIMI_TEST_MEMORY_STEP");
	long most = count ? atol(count) : 0, step = every ? atol(every) : 1, n = 0, runs = 0, bad = 0;
	bool is_program = false;

	if (!count)
		return;
	/* TLS makes thousands of allocations at its start. They are made once, and never fail. */
	int (*start_curl)(long) = (int (*)(long))dlsym(RTLD_DEFAULT, "curl_global_init");
	if (start_curl)
		start_curl(3);        /* CURL_GLOBAL_ALL */
	unsetenv("KIMI_TEST_MEMORY"); /* not for the programs that it starts */
	all_after = then && strcmp(then, "all") == 0;
	failed = mmap(NULL, sizeof(*failed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(out_file, sizeof(out_file), "%s/out", directory);
	snprintf(err_file, sizeof(err_file), "%s/err", directory);
	while (n <= most && bad < 10 && run(n, before, &bad, &is_program)) {
		n += n ? step : 1;
		runs++;
	}
	if (is_program)
		return;
	printf("%ld allocations failed, %ld badly\n", runs - 1, bad);
	exit(bad > 0 || runs < 2);
}
