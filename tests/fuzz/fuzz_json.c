/*
 * Any JSON: what is parsed needs no more memory than format/json.c promises, and is the same value after
 * printing and parsing it. If an allocation fails (the first byte says which), nothing invalid was accessed.
 * A program would end there; here a longjmp() replaces the end, and the allocations so far are freed.
 */
#include "format/json.h"

#include "fuzz.h"

#include <setjmp.h>

enum { VALUES_MAX = 40 * 1024 * 1024 };

/* Precedes each allocation of jansson. */
struct block {
	struct block *next, *before;
	size_t len, align;
};

static struct block blocks = {.next = &blocks, .before = &blocks};
static size_t held, most_held;
static long left; /* allocations until one fails; 0: none fails */
static jmp_buf ended;

static void *take(size_t len)
{
	if (left && --left == 0)
		longjmp(ended, 1);
	struct block *block = malloc(sizeof(*block) + len);
	need(block != NULL);
	*block = (struct block){.next = blocks.next, .before = &blocks, .len = len};
	blocks.next->before = block;
	blocks.next = block;
	held += len;
	if (held > most_held)
		most_held = held;
	return block + 1;
}

static void give_back(void *memory)
{
	if (!memory)
		return;
	struct block *block = (struct block *)memory - 1;
	block->next->before = block->before;
	block->before->next = block->next;
	held -= block->len;
	free(block);
}

static void parse(const char *text, size_t size)
{
	struct reason reason = {0};

	most_held = held;
	json_t *value = json_parse(text, size, &reason);
	/* The size of the strings in it, and of the one being read, which grows by doubling. */
	need(most_held <= VALUES_MAX + 6 * size);
	need(value || *reason.text);
	char *printed = value ? json_print(value) : NULL;
	json_t *again = printed ? json_parse(printed, strlen(printed), NULL) : NULL;
	need(!printed || (again && json_equal(value, again)));
	give_back(printed);
	json_decref(again);
	json_decref(value);
	need(held == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	json_start();
	json_set_alloc_funcs(take, give_back);
	left = data[0];
	if (setjmp(ended) == 0)
		parse((const char *)data + 1, size - 1);
	left = 0;
	while (blocks.next != &blocks)
		give_back(blocks.next + 1);
	return 0;
}
