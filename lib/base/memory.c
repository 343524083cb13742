#include "base/memory.h"

#include "base/err.h"
#include "base/signals.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNDO_MAX = 4 };

static const char *end_program = "kimi";
static const bool *end_json;
static void (*undo_list[UNDO_MAX])(void);

void memory_end_as(const char *program, const bool *json)
{
	end_program = program;
	end_json = json;
}

void memory_before_end(void (*undo)(void))
{
	size_t i = 0;

	while (i < UNDO_MAX - 1 && undo_list[i] && undo_list[i] != undo)
		i++;
	undo_list[i] = undo;
}

/* Errors are ignored: there is nowhere to report them. */
static void memory_put(int fd, const char *line)
{
	if (write(fd, line, strlen(line)) < 0)
		return;
}

void memory_end(void)
{
	static atomic_flag ending = ATOMIC_FLAG_INIT;
	char line[1024];
	struct err err;

	signals_await_release();
	while (atomic_flag_test_and_set(&ending))
		pause();
	for (size_t i = 0; i < UNDO_MAX && undo_list[i]; i++)
		undo_list[i]();
	err_memory(&err);
	if (end_json && *end_json) {
		snprintf(line, sizeof(line),
		    "{\"type\":\"error\",\"message\":\"%s; %s\",\"data\":{\"code\":\"%s\"}}\n", err.what,
		    err.hint, err_name(err.code));
		memory_put(STDOUT_FILENO, line);
	}
	snprintf(line, sizeof(line), "%s: %s; %s\n", end_program, err.what, err.hint);
	memory_put(STDERR_FILENO, line);
	_exit(err_exit_status(err.code));
}

static void *memory_or_end(void *memory)
{
	if (!memory)
		memory_end();
	return memory;
}

void *memory_take(size_t len)
{
	return memory_or_end(malloc(len));
}

void *memory_take_zeroed(size_t count, size_t len)
{
	return memory_or_end(calloc(count, len));
}

void *memory_resize(void *memory, size_t len)
{
	return memory_or_end(realloc(memory, len));
}

char *memory_copy(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(memory_take(size), text, size);
}

char *memory_join(const char *const parts[])
{
	size_t size = 1;

	for (const char *const *part = parts; *part; part++)
		size += strlen(*part);
	char *joined = memory_take(size), *end = joined;
	for (*end = '\0'; *parts; parts++)
		end = stpcpy(end, *parts);
	return joined;
}
