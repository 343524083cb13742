#include "warm.h"

#include "call.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define REAL(name)   ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))
#define THEIRS(name) ((__typeof__(&(name)))dlsym(RTLD_DEFAULT, #name)) /* NULL if the program has none */

enum { ARGUMENTS = 30, LINE = 4096, PATIENCE_MS = 20000 };

static bool is_warming;

__attribute__((noreturn)) static void give_up(const char *what)
{
	perror(what);
	_exit(125);
}

/* ---- The variables of the program itself */

static struct {
	char *start;
	size_t size;
	char *copy;
} variables;

static int find_variables(struct dl_phdr_info *program, size_t size, void *data)
{
	uintptr_t start = UINTPTR_MAX, end = 0, writable = 0;

	(void)size, (void)data;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &program->dlpi_phdr[i];
		uintptr_t from = program->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;
		if (part->p_type == PT_LOAD && (part->p_flags & PF_W)) {
			start = from < start ? from : start;
			end = to > end ? to : end;
		} else if (part->p_type == PT_GNU_RELRO) {
			writable = to;
		}
	}
	start = writable > start ? writable : start;
	variables.start = (char *)start;
	variables.size = end - start;
	return 1; /* the first of all is the program */
}

static void keep_variables(void)
{
	dl_iterate_phdr(find_variables, NULL);
	variables.copy = malloc(variables.size);
	if (!variables.copy)
		give_up("warm: malloc");
	memcpy(variables.copy, variables.start, variables.size);
}

static void restore_variables(void)
{
	memcpy(variables.start, variables.copy, variables.size);
}

/* ---- Descriptors: those of libraries that stay have numbers that no call has. */

enum { FIRST_FD = CALL_MAX_FD + 1, END_FD = FIRST_FD + 250 };

static void reserve_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd < FIRST_FD - 1);
	if (fd < 0)
		give_up("warm: /dev/null");
}

static bool is_a(int fd, const char *what)
{
	char path[64], target[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(path, target, sizeof(target));
	return len >= (ssize_t)strlen(what) && memcmp(target, what, strlen(what)) == 0;
}

static bool has_connection(void)
{
	for (int fd = FIRST_FD; fd < END_FD; fd++)
		if (is_a(fd, "socket:"))
			return true;
	return false;
}

/* Of all others, only GLib's for waking a thread are there again when it asks for them. */
static void close_fds(void)
{
	for (int fd = STDERR_FILENO + 1; fd < END_FD; fd++)
		if (fd < FIRST_FD || !is_a(fd, "anon_inode:[eventfd]"))
			close(fd);
}

/* Lest one fork wake another. */
static void renew_fds(void)
{
	for (int fd = FIRST_FD; fd < END_FD; fd++) {
		if (!is_a(fd, "anon_inode:[eventfd]"))
			continue;
		int own = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (own < 0 || dup3(own, fd, O_CLOEXEC) < 0)
			give_up("warm: eventfd");
		close(own);
	}
}

/* ---- GLib's thread that speaks to the bus: it ends before the first fork, which would be without it, and begins in each */

static struct {
	GThreadFunc work;
	void *data;
	GThread *thread;
	GMainLoop *loop;
} bus;

GThread *g_thread_new(const char *name, GThreadFunc work, void *data)
{
	GThread *thread = REAL(g_thread_new)(name, work, data);

	if (is_warming && strcmp(name, "gdbus") == 0) {
		bus.work = work;
		bus.data = data;
		bus.thread = thread;
	}
	return thread;
}

void g_main_loop_run(GMainLoop *loop)
{
	if (is_warming && gettid() != getpid())
		bus.loop = loop;
	REAL(g_main_loop_run)(loop);
}

/* It still has to close what a call has let go of, and is told so from here. */
static void await_bus(void)
{
	int waited = 0;

	while (bus.thread && (THEIRS(g_main_context_iteration)(NULL, 0) || has_connection())) {
		if (waited++ > PATIENCE_MS)
			give_up("warm: a connection to the bus stays open");
		usleep(1000);
	}
}

static void end_bus(void)
{
	if (!bus.thread)
		return;
	THEIRS(g_main_loop_quit)(bus.loop);
	THEIRS(g_thread_join)(bus.thread);
}

/* ---- */

static void read_from(const char *path)
{
	if (!freopen(path, "re", stdin))
		give_up(path);
}

static void warm_call(int (*main)(int, char **, char **), char *line)
{
	char *argv[ARGUMENTS + 2] = {program_invocation_name};
	int argc = 1, wanted = (int)strtol(line, &line, 10);

	read_from("/dev/null");
	for (char *word = strtok(line, " \n"); word && argc < ARGUMENTS; word = strtok(NULL, " \n")) {
		if (*word == '<')
			read_from(word + 1);
		else
			argv[argc++] = word;
	}
	int status = main(argc, argv, environ);
	fflush(stdout);
	if (status != wanted) {
		fprintf(stderr, "warm: %s %s: exit status %d, not %d\n", argv[0], argc > 1 ? argv[1] : "",
		    status, wanted);
		_exit(125);
	}
	await_bus();
	restore_variables();
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
}

void warm_up(int (*main)(int, char **, char **), const char *list)
{
	char line[LINE];
	sigset_t none;
	FILE *lines = list ? fopen(list, "re") : NULL;

	if (!lines)
		give_up(list ? list : "warm: no list");
	sigemptyset(&none);
	keep_variables();
	reserve_fds();
	is_warming = true;
	while (fgets(line, sizeof(line), lines)) {
		warm_call(main, line);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	is_warming = false;
	fclose(lines);
	free(variables.copy);
	end_bus();
	read_from("/dev/null");
	close_fds();
	prctl(PR_SET_DUMPABLE, 1); /* its callers look at what it is in /proc */
}

void warm_go_on(void)
{
	renew_fds();
	if (bus.thread)
		bus.thread = REAL(g_thread_new)("gdbus", bus.work, bus.data);
}
