/*
 * fuzz: what every fuzzer has. libFuzzer calls LLVMFuzzerTestOneInput() with any
 * bytes; an assertion that does not hold is a finding.
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

/* The bytes as a C string, which ends at the first NUL; the caller frees it. */
__attribute__((unused)) static char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	need(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
