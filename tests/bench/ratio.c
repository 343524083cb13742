/*
 * ratio RUNS COMMAND...: times shell-quoted commands in turn, A B C A B C ..., and prints for each the median wall time,
 * its ratio to the first command's (the median of the ratios of neighbours, which holds when the machine's speed
 * drifts) and its peak memory. A command is words parted by blanks; its output goes to /dev/null.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_COMMANDS = 8, MAX_WORDS = 16 };

struct command {
	const char *text;
	char *argv[MAX_WORDS + 1];
	double *ms, *ratio;
	long peak_kib;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double run(struct command *c)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	pid_t pid;
	int status = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	double start = now_ms();
	if (posix_spawnp(&pid, c->argv[0], &actions, NULL, c->argv, environ) != 0 ||
	    wait4(pid, &status, 0, &usage) != pid || status != 0) {
		fprintf(stderr, "ratio: '%s' failed\n", c->text);
		exit(1);
	}
	double ms = now_ms() - start;
	posix_spawn_file_actions_destroy(&actions);
	if (usage.ru_maxrss > c->peak_kib)
		c->peak_kib = usage.ru_maxrss;
	return ms;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_size);
	return values[n / 2];
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	size_t runs = argc > 2 ? (size_t)atoi(argv[1]) : 0, n = (size_t)(argc - 2);

	if (!runs || runs > 100000 || n > MAX_COMMANDS)
		return 2;
	for (size_t i = 0; i < n; i++) {
		struct command *c = &commands[i];
		size_t words = 0;
		char *copy = strdup(argv[i + 2]);
		c->text = argv[i + 2];
		for (char *word = strtok(copy, " "); word && words < MAX_WORDS; word = strtok(NULL, " "))
			c->argv[words++] = word;
		c->ms = calloc(runs, sizeof(double));
		c->ratio = calloc(runs, sizeof(double));
		if (!words || !c->ms || !c->ratio)
			return 2;
		run(c); /* warm up */
	}
	for (size_t r = 0; r < runs; r++)
		for (size_t i = 0; i < n; i++) {
			commands[i].ms[r] = run(&commands[i]);
			commands[i].ratio[r] = commands[i].ms[r] / commands[0].ms[r];
		}
	for (size_t i = 0; i < n; i++) {
		const char *text = commands[i].text, *name = strchr(text, ' ');
		const char *slash = text;
		for (const char *at = text; *at && (!name || at < name); at++)
			if (*at == '/')
				slash = at + 1;
		printf("  %-28.28s %8.3f ms  %6.2fx  %6ld KiB\n", slash, median(commands[i].ms, runs),
		    median(commands[i].ratio, runs), commands[i].peak_kib);
	}
	return 0;
}
