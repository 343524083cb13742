/*
 * fuzz: shared by all fuzzers. libFuzzer calls LLVMFuzzerTestOneInput() with
 * arbitrary bytes; an assertion that fails is a finding.
 */
#ifndef KIMI_TESTS_FUZZ_H
#define KIMI_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((unused)) static void need(bool cond)
{
	if (!cond)
		abort();
}

/* The bytes up to the first NUL as a C string; the caller frees it. */
__attribute__((unused)) static char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	need(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
