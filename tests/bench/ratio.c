/*
 * ratio [-p PROCESSES] [-o FILE] [-g GROUP] RUNS COMMAND...: times commands in turn, A B C A B C ..., and
 * prints for each its median wall time, its ratio to the first command and its peak memory. The ratio is the
 * median of the ratios of neighbouring runs, so that a machine that gets slower or faster does not matter.
 * A command is split at blanks; its output goes to /dev/null. -p: starts that many at once, and times all of
 * them. -o: adds a line of JSON for each to FILE, under GROUP.
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

enum { MAX_COMMANDS = 8, MAX_WORDS = 24 };

struct command {
	const char *text;
	char *argv[MAX_WORDS + 1];
	double *ms, *ratio;
	long peak_kib;
};

struct plan {
	size_t runs, count, processes;
	const char *group, *file;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double run(struct command *c, size_t processes)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	pid_t pid;
	int status, failed = 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	double start = now_ms();
	for (size_t i = 0; i < processes; i++)
		failed |= posix_spawnp(&pid, c->argv[0], &actions, NULL, c->argv, environ);
	while (wait4(-1, &status, 0, &usage) > 0) {
		failed |= status;
		if (usage.ru_maxrss > c->peak_kib)
			c->peak_kib = usage.ru_maxrss;
	}
	double ms = now_ms() - start;
	posix_spawn_file_actions_destroy(&actions);
	if (failed) {
		fprintf(stderr, "ratio: '%s' failed\n", c->text);
		exit(1);
	}
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

static void prepare(struct command *c, const char *text, const struct plan *plan)
{
	size_t words = 0;
	char *copy = strdup(text);

	c->text = text;
	for (char *word = strtok(copy, " "); word && words < MAX_WORDS; word = strtok(NULL, " "))
		c->argv[words++] = word;
	c->ms = calloc(plan->runs, sizeof(double));
	c->ratio = calloc(plan->runs, sizeof(double));
	if (!words || !c->ms || !c->ratio)
		exit(2);
	run(c, plan->processes); /* warm up */
}

/* The command without its directories, at most as wide as a column. */
static void shorten(const struct command *c, char ret_name[29])
{
	size_t len = 0;

	for (char *const *word = c->argv; *word && len < 28; word++) {
		const char *slash = strrchr(*word, '/');
		len += (size_t)snprintf(
		    ret_name + len, 29 - len, "%s%s", len ? " " : "", slash ? slash + 1 : *word);
	}
}

static void report(struct command *c, const struct plan *plan)
{
	double ms = median(c->ms, plan->runs), ratio = median(c->ratio, plan->runs);
	char name[29];

	shorten(c, name);
	printf("  %-28s %9.3f ms  %7.2fx  %7ld KiB\n", name, ms, ratio, c->peak_kib);
	FILE *file = plan->file ? fopen(plan->file, "a") : NULL;
	if (!file)
		return;
	fprintf(file,
	    "{\"group\": \"%s\", \"command\": \"%s\", \"processes\": %zu, \"runs\": %zu, \"ms\": %.3f, "
	    "\"ratio\": %.3f, \"peak_kib\": %ld}\n",
	    plan->group, name, plan->processes, plan->runs, ms, ratio, c->peak_kib);
	fclose(file);
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	struct plan plan = {.processes = 1, .group = ""};

	for (int option; (option = getopt(argc, argv, "p:o:g:")) != -1;) {
		if (option == 'p')
			plan.processes = (size_t)atoi(optarg);
		else if (option == 'o')
			plan.file = optarg;
		else if (option == 'g')
			plan.group = optarg;
		else
			return 2;
	}
	plan.runs = optind < argc ? (size_t)atoi(argv[optind]) : 0;
	plan.count = (size_t)(argc - optind - 1);
	if (!plan.runs || plan.runs > 100000 || plan.count > MAX_COMMANDS)
		return 2;
	for (size_t i = 0; i < plan.count; i++)
		prepare(&commands[i], argv[(size_t)optind + 1 + i], &plan);
	for (size_t r = 0; r < plan.runs; r++)
		for (size_t i = 0; i < plan.count; i++) {
			commands[i].ms[r] = run(&commands[i], plan.processes);
			commands[i].ratio[r] = commands[i].ms[r] / commands[0].ms[r];
		}
	for (size_t i = 0; i < plan.count; i++)
		report(&commands[i], &plan);
	return 0;
}
